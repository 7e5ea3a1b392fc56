package shell

import (
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// NewApp is a program with its commands: name and usage are for the help, version
// is what --version prints.
func NewApp(name, usage string, commands []*cli.Command, version func(io.Writer) error) *cli.App {
	cli.FlagStringer = flagHelp
	app := &cli.App{
		Name: name, Usage: usage, Commands: commands,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "version",
			Usage: "print version, commit, Go, kernels and onnxruntime"}},
		Action: func(c *cli.Context) error {
			if c.Bool("version") {
				return version(c.App.Writer)
			}
			return cli.ShowAppHelp(c)
		},
		HideHelpCommand:       true,
		HideVersion:           true,
		CustomAppHelpTemplate: appHelp,
		OnUsageError:          usageError,
		ExitErrHandler:        func(*cli.Context, error) {},
	}
	prepare(app.Commands)
	return app
}

// prepare sets what is the same for all commands and their subcommands.
func prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.HideHelpCommand = true
		c.OnUsageError = usageError
		c.CustomHelpTemplate = commandHelp
		if len(c.Subcommands) > 0 && c.Action == nil {
			c.CustomHelpTemplate = groupHelp
			c.Action = groupAction
		}
		prepare(c.Subcommands)
	}
}

// groupAction is a command that only holds others, called without one of them.
func groupAction(c *cli.Context) error {
	return Fail(Usagef("no command named"), c.Command.HelpName+" --help lists them")
}

// usageError turns the flag package's complaint into one line and exit code 2.
func usageError(_ *cli.Context, err error, _ bool) error {
	return Usagef("%s", strings.Replace(err.Error(), "for flag -", "for --", 1))
}
