package shell

import (
	"io"
	"regexp"
	"slices"
	"strconv"
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

// invalid is the flag package's complaint about a value; the value is quoted.
var invalid = regexp.MustCompile(`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.*)$`)

// usageError turns the flag package's complaint into one line and exit code 2: which flag,
// what it got and what it takes.
func usageError(c *cli.Context, err error, _ bool) error {
	said := invalid.FindStringSubmatch(err.Error())
	if said == nil {
		return Usagef("%s", strings.Replace(err.Error(), "for flag -", "for --", 1))
	}
	got, name, reason := said[1], said[2], said[3]
	kind := "" // of value, where the flag package says no more than that it cannot be read
	for _, f := range slices.Concat(c.Command.Flags, c.App.Flags) {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		switch f.(type) {
		case *cli.IntFlag:
			kind = "a whole number"
		case *cli.Uint64Flag:
			kind = "a whole number from 0"
		case *cli.Float64Flag:
			kind = "a number"
		case *cli.Float64SliceFlag:
			kind = "a number, or several with commas between as in 0.5,0.4,0.4"
		case *cli.DurationFlag:
			kind = "a time, as in 30s or 5m"
		case *cli.BoolFlag:
			kind = "true or false, or the flag alone"
		}
	}
	switch {
	case kind == "":
		return Usagef("--%s: %s", name, reason) // which says what it got
	case strings.HasSuffix(reason, strconv.ErrRange.Error()):
		return Usagef("--%s: got %s, which is too large or too small, want %s", name, got, kind)
	}
	return Usagef("--%s: got %s, want %s", name, got, kind)
}
