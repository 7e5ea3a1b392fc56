package shell

import (
	"time"

	"github.com/urfave/cli/v2"
)

// The kinds of flags: where the value goes, the name, the default, and the help.

// TextFlag is a flag with such a value.
func TextFlag(to *string, name, value, usage string) cli.Flag {
	return &cli.StringFlag{Name: name, Value: value, Usage: usage, Destination: to}
}

// IntFlag is a flag with such a value.
func IntFlag(to *int, name string, value int, usage string) cli.Flag {
	return &cli.IntFlag{Name: name, Value: value, Usage: usage, Destination: to}
}

// FloatFlag is a flag with such a value.
func FloatFlag(to *float64, name string, value float64, usage string) cli.Flag {
	return &cli.Float64Flag{Name: name, Value: value, Usage: usage, Destination: to}
}

// UintFlag is a flag with such a value.
func UintFlag(to *uint64, name string, value uint64, usage string) cli.Flag {
	return &cli.Uint64Flag{Name: name, Value: value, Usage: usage, Destination: to}
}

// DurationFlag is a flag with such a value.
func DurationFlag(to *time.Duration, name string, value time.Duration, usage string) cli.Flag {
	return &cli.DurationFlag{Name: name, Value: value, Usage: usage, Destination: to}
}

// BoolFlag is a flag with such a value.
func BoolFlag(to *bool, name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, Destination: to}
}

// JSONFlag is --json, which most commands have.
func JSONFlag(to *bool) cli.Flag { return BoolFlag(to, "json", "results as JSON, for scripts") }

// Optional is the value of a flag that may stand without one.
type Optional struct {
	Given bool
	Text  string // "" without a value
}

// Set is for the flag package, which says "true" of a flag without a value.
func (o *Optional) Set(text string) error {
	if o.Given = true; text != "true" {
		o.Text = text
	}
	return nil
}

func (o *Optional) String() string { return o.Text }

// IsBoolFlag tells the flag package that the flag may stand alone.
func (o *Optional) IsBoolFlag() bool { return true }

// OptionalFlag is a flag whose value may be left out: as --name, --name VALUE where the
// next argument is no flag, or --name=VALUE.
func OptionalFlag(to *Optional, name, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Usage: usage, Value: to}
}
