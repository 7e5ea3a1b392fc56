// Package shell is what all commands have in common: it reads the command line with
// urfave/cli, so that commands do not, and says what failed with an exit code and
// what helps. Start at [Call] and [NewApp].
package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// Call is one run of a command: what urfave/cli made of the command line, without
// urfave/cli. Flags are not in it: each command has an options struct, whose
// fields are the destinations of its flags.
type Call struct {
	Ctx   context.Context
	Name  string   // of the command
	Files []string // the arguments that are no flags
	In    io.Reader
	Out   io.Writer // results
	Log   io.Writer // talk and progress
	// Given says whether the user gave the flag of that name.
	Given func(flag string) bool
}

// Action makes a command's function out of one that takes a call.
func Action(run func(*Call) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		return run(&Call{Ctx: c.Context, Name: c.Command.Name, Files: c.Args().Slice(),
			In: c.App.Reader, Out: c.App.Writer, Log: c.App.ErrWriter, Given: c.IsSet})
	}
}

// Say prints a line for the person at the terminal: stderr, never a result.
func (c *Call) Say(format string, args ...any) { fmt.Fprintf(c.Log, format+"\n", args...) }

// NoFiles refuses arguments that are no flags. A flag that was likely meant, such as --data,
// is the hint.
func (c *Call) NoFiles(meant ...string) error {
	if len(c.Files) == 0 {
		return nil
	}
	var hints []string
	for _, flag := range meant {
		hints = append(hints, fmt.Sprintf("%s names it: flowerctl %[2]s %[1]s %[3]s",
			flag, c.Name, c.Files[0]))
	}
	return Fail(Usagef("takes no file names: got %q", c.Files[0]), hints...)
}

// OneFile is the one file name that a command takes.
func (c *Call) OneFile(example string) (string, error) {
	switch len(c.Files) {
	case 1:
		return c.Files[0], nil
	case 0:
		return "", Fail(Usagef("no file named"), "flowerctl "+c.Name+" "+example)
	}
	return "", Usagef("takes one file, got %q and %q", c.Files[0], c.Files[1])
}

// FirstGiven is the first of the flags that the user gave, "" for none.
func (c *Call) FirstGiven(flags ...string) string {
	for _, f := range flags {
		if c.Given(f) {
			return f
		}
	}
	return ""
}

// Assumed says which of the flags nobody gave, with the values that they have: names and values
// of flags whose defaults may not suit.
func (c *Call) Assumed(flags [][2]string) {
	var assumed []string
	for _, f := range flags {
		if !c.Given(f[0]) {
			assumed = append(assumed, "--"+f[0]+" "+f[1])
		}
	}
	if len(assumed) > 0 {
		c.Say("assumed: %s", strings.Join(assumed, ", "))
	}
}

// WriteJSON writes v as one indented JSON value.
func WriteJSON[T any](w io.Writer, v T) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// Texter is what can be written for people.
type Texter interface{ WriteText(io.Writer) error }

// Write writes a result as JSON, or else as text.
func (c *Call) Write(asJSON bool, v any, text Texter) error {
	if asJSON {
		return WriteJSON(c.Out, v)
	}
	return text.WriteText(c.Out)
}

// Closing joins an error of Close to a command's own.
func Closing(err *error, close func() error) { *err = errors.Join(*err, close()) }
