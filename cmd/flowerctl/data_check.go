package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/data"
)

type dataCheckOptions struct {
	split        string
	strict, json bool
}

func (o *dataCheckOptions) flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&o.split, "split", "", "compare with a run's `FILE` split.csv"),
		shell.BoolFlag(&o.strict, "strict",
			"exit 1 when an image is unreadable, or repeated in two classes or parts"),
		shell.JSONFlag(&o.json),
	}
}

func dataCheckCommand() *cli.Command {
	o := new(dataCheckOptions)
	return &cli.Command{
		Name:      "check",
		Usage:     "find bad and repeated images, and count the classes",
		ArgsUsage: "DIR",
		Description: `Reads every image. Finds those that cannot be read, files that do not belong,
pictures that are there twice or look alike, above all under two classes or on
both sides of a split, and says how the classes are balanced.

  flowerctl data check photos
  flowerctl data check photos --split runs/latest/split.csv
  flowerctl data check photos --strict --json`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *dataCheckOptions) run(c *shell.Call) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	set, err := data.Scan(c.Ctx, dir, data.ScanOptions{})
	if err != nil {
		return shell.Fail(err, "flowerctl data draw DIR draws flowers to try with")
	}
	report, err := data.Inspect(c.Ctx, set, o.split)
	if err != nil {
		return err
	}
	if o.json {
		err = shell.WriteJSON(c.Out, report)
	} else {
		err = report.WriteText(c.Out)
	}
	if n := report.Bad(); err == nil && n > 0 && o.strict {
		return fmt.Errorf("%s: %d things to mend", dir, n)
	}
	return err
}
