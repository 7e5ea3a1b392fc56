// Command flowerctl trains image classifiers, writes them as ONNX, proves that
// the file computes what was trained, and answers with it.
//
// One file a command; this one holds the table of them. Start at [commands].
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// commands is every command, in the order in which help lists them.
func commands() []*cli.Command {
	return []*cli.Command{
		trainCommand(),
		compareCommand(),
		reproduceCommand(),
		exportCommand(),
		verifyCommand(),
		inspectCommand(),
		predictCommand(),
		serveCommand(),
		evalCommand(),
		benchCommand(),
		dataCommand(),
		backboneCommand(),
		runtimeCommand(),
		doctorCommand(),
		gpuCommand(),
		readerCommand(),
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first Ctrl-C cancels; after it the second one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(program(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// program is the whole of it but for the process around it: args are without the
// program's name, the result is the exit code.
func program(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	path, args, err := arrange(app, args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	return printError(stderr, strings.Join(path, " "), err)
}

// newApp is the program with its table of commands, before any argument is read.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	cli.FlagStringer = flagHelp
	app := &cli.App{
		Name:                  "flowerctl",
		Usage:                 "train image classifiers, write them as ONNX, answer with them",
		Commands:              commands(),
		Flags:                 []cli.Flag{&cli.BoolFlag{Name: "version", Usage: "print version, commit, Go, kernels and onnxruntime"}},
		Action:                top,
		HideHelpCommand:       true,
		HideVersion:           true,
		Reader:                stdin,
		Writer:                stdout,
		ErrWriter:             stderr,
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
	return fail(usagef("no command named"), c.Command.HelpName+" --help lists them")
}

// top is flowerctl without a command.
func top(c *cli.Context) error {
	if c.Bool("version") {
		return printVersion(c.App.Writer)
	}
	return cli.ShowAppHelp(c)
}

// usageError turns the flag package's complaint into one line and exit code 2.
func usageError(_ *cli.Context, err error, _ bool) error {
	return usagef("%s", strings.Replace(err.Error(), "for flag -", "for --", 1))
}
