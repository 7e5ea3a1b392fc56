package shell

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// The help texts' shapes. A command gives Usage (one line), ArgsUsage and
// Description (a paragraph, then examples, each line indented by two spaces).

const appHelp = `{{.Name}}: {{.Usage}}

  flowerctl train --data photos/     one folder of images per class
  flowerctl export model.onnx        the newest run, verified before it is yours
  flowerctl predict img.jpg          what is in the picture

Usage: {{.Name}} COMMAND [flags] [files]   (flags may stand before or after files)
{{if .VisibleCommands}}
Commands:{{range .VisibleCommands}}
  {{.Name}}{{"\t"}}{{.Usage}}{{end}}
{{end}}
Flags:{{range .VisibleFlags}}
  {{.}}{{end}}

"flowerctl COMMAND --help" explains a command.
Exit codes: 0 done, 1 failed, 2 asked wrongly, 3 verify found a difference,
4 the asked device is not there, 42 a shard failed and trying again will not help.
`

const groupHelp = `{{.HelpName}}: {{.Usage}}

Usage: {{.HelpName}} COMMAND [flags]
{{if .Description}}
{{.Description}}
{{end}}
Commands:{{range .VisibleCommands}}
  {{.Name}}{{"\t"}}{{.Usage}}{{end}}
`

const commandHelp = `{{.HelpName}}: {{.Usage}}

Usage: {{.HelpName}}{{if .VisibleFlags}} [flags]{{end}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}}
{{if .Description}}
{{.Description}}
{{end}}{{if .VisibleFlags}}
Flags:{{range .VisibleFlags}}
  {{.}}{{end}}
{{end}}`

var plainFlagHelp = cli.FlagStringer

// flagHelp is urfave's line for a flag, without the noise that a switch is off.
func flagHelp(f cli.Flag) string {
	return strings.Replace(plainFlagHelp(f), " (default: false)", "", 1)
}
