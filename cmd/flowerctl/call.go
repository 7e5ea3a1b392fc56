package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// call is one run of a command: what urfave/cli made of the command line, without
// urfave/cli. Flags are not in it: each command has an options struct, whose
// fields are the destinations of its flags.
type call struct {
	ctx   context.Context
	name  string   // of the command
	files []string // the arguments that are no flags
	in    io.Reader
	out   io.Writer // results
	log   io.Writer // talk and progress
	// given says whether the user gave the flag of that name.
	given func(flag string) bool
}

// action makes a command's function out of one that takes a call.
func action(run func(*call) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		return run(&call{ctx: c.Context, name: c.Command.Name, files: c.Args().Slice(),
			in: c.App.Reader, out: c.App.Writer, log: c.App.ErrWriter, given: c.IsSet})
	}
}

// say prints a line for the person at the terminal: stderr, never a result.
func (c *call) say(format string, args ...any) { fmt.Fprintf(c.log, format+"\n", args...) }

// noFiles refuses arguments that are no flags.
func (c *call) noFiles() error {
	if len(c.files) > 0 {
		return usagef("takes no file names: got %q", c.files[0])
	}
	return nil
}

// oneFile is the one file name that a command takes.
func (c *call) oneFile(example string) (string, error) {
	switch len(c.files) {
	case 1:
		return c.files[0], nil
	case 0:
		return "", fail(usagef("no file named"), "flowerctl "+c.name+" "+example)
	}
	return "", usagef("takes one file, got %q and %q", c.files[0], c.files[1])
}

// firstGiven is the first of the flags that the user gave, "" for none.
func (c *call) firstGiven(flags ...string) string {
	for _, f := range flags {
		if c.given(f) {
			return f
		}
	}
	return ""
}

// writeJSON writes v as one indented JSON value.
func writeJSON[T any](w io.Writer, v T) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// texter is what can be written for people.
type texter interface{ WriteText(io.Writer) error }

// write writes a result as JSON, or else as text.
func (c *call) write(asJSON bool, v any, text texter) error {
	if asJSON {
		return writeJSON(c.out, v)
	}
	return text.WriteText(c.out)
}

// closing joins an error of Close to a command's own.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }
