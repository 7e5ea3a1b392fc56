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

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

// commands is every command, in the order in which help lists them.
func commands() []*cli.Command {
	return []*cli.Command{
		trainCommand(),
		compareCommand(),
		sweepCommand(),
		reproduceCommand(),
		exportCommand(),
		verifyCommand(),
		signCommand(),
		inspectCommand(),
		packCommand(),
		predictCommand(),
		serveCommand(),
		evalCommand(),
		listCommand(),
		mergeCommand(),
		statusCommand(),
		bundleCommand(),
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
	path, args, err := shell.Arrange(app, args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	return shell.PrintError(stderr, strings.Join(path, " "), remedy.Of(err))
}

// newApp is the program with its table of commands, before any argument is read.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := shell.NewApp("flowerctl", "train image classifiers, write them as ONNX, answer with them",
		commands(), printVersion)
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	return app
}
