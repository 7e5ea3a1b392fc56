package shell

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/nearest"
)

// Arrange puts the arguments into the order that urfave/cli v2 understands: it
// stops reading flags at the first file name, so `predict img.jpg --top 5`
// would ignore --top. The result is the program's and the commands' names, their
// flags, "--", and everything else. "--" ends the flags of the user's line too.
//
// It also refuses commands and flags that do not exist, with the nearest one as
// a hint, and reads `help COMMAND` as `COMMAND --help`. The path is the names of
// program and commands, for messages.
func Arrange(app *cli.App, args []string) (path, arranged []string, err error) {
	path = []string{app.Name}
	level, flags := app.Commands, app.Flags
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	var given, names []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			names = append(names, args[i+1:]...)
			i = len(args)
		case len(arg) > 1 && arg[0] == '-':
			values, err := flagArgs(flags, args[i:])
			if err != nil {
				return path, nil, err
			}
			given = append(given, values...)
			i += len(values) - 1
		case len(level) > 0 || len(path) == 1:
			command := find(level, arg)
			if command == nil {
				return path, nil, unknownCommand(path, level, arg)
			}
			path = append(path, command.Name)
			level, flags = command.Subcommands, command.Flags
		default:
			names = append(names, arg)
		}
	}
	arranged = append(append([]string{}, path...), given...)
	if len(names) > 0 {
		arranged = append(append(arranged, "--"), names...)
	}
	return path, arranged, nil
}

// flagArgs returns the flag at args[0], with its value where that is the next
// argument.
func flagArgs(flags []cli.Flag, args []string) ([]string, error) {
	name, _, assigned := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
	if name == "help" || name == "h" {
		return args[:1], nil
	}
	var known []string
	for _, flag := range flags {
		for _, n := range flag.Names() {
			known = append(known, n)
			if n != name {
				continue
			}
			doc, ok := flag.(cli.DocGenerationFlag)
			if assigned || !ok || !doc.TakesValue() {
				return args[:1], nil
			}
			if len(args) < 2 {
				return nil, Usagef("--%s: needs a value", name)
			}
			return args[:2], nil
		}
	}
	err := Usagef("unknown flag %s", args[0])
	if n := nearest.Word(name, known); n != "" {
		return nil, Fail(err, "did you mean --"+n+"?")
	}
	return nil, Fail(err, "--help lists the flags")
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

func unknownCommand(path []string, level []*cli.Command, name string) error {
	var known []string
	for _, c := range level {
		known = append(known, c.Names()...)
	}
	err := Usagef("unknown command %q", name)
	prefix := strings.Join(path, " ")
	if n := nearest.Word(name, known); n != "" {
		return Fail(err, "did you mean "+prefix+" "+n+"?")
	}
	return Fail(err, prefix+" --help lists the commands")
}
