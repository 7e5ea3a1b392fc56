package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
)

// The kinds of flags: where the value goes, the name, the default, and the help.

func textFlag(to *string, name, value, usage string) cli.Flag {
	return &cli.StringFlag{Name: name, Value: value, Usage: usage, Destination: to}
}

func intFlag(to *int, name string, value int, usage string) cli.Flag {
	return &cli.IntFlag{Name: name, Value: value, Usage: usage, Destination: to}
}

func floatFlag(to *float64, name string, value float64, usage string) cli.Flag {
	return &cli.Float64Flag{Name: name, Value: value, Usage: usage, Destination: to}
}

func uintFlag(to *uint64, name string, value uint64, usage string) cli.Flag {
	return &cli.Uint64Flag{Name: name, Value: value, Usage: usage, Destination: to}
}

func durationFlag(to *time.Duration, name string, value time.Duration, usage string) cli.Flag {
	return &cli.DurationFlag{Name: name, Value: value, Usage: usage, Destination: to}
}

func boolFlag(to *bool, name, usage string) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, Destination: to}
}

// jsonFlag is --json, which most commands have.
func jsonFlag(to *bool) cli.Flag { return boolFlag(to, "json", "results as JSON, for scripts") }

// batchFlag is --batch of the commands that answer for many pictures.
func batchFlag(to *int) cli.Flag {
	return intFlag(to, "batch", infer.DefaultBatch, "`N` pictures a run of the network")
}

// counted is a number with its noun: "1 file", "2 files".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
