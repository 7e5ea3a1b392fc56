package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/data"
)

type dataCheckOptions struct {
	split        string
	strict, json bool
}

func (o *dataCheckOptions) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "split", Usage: "compare with a run's `FILE` split.csv", Destination: &o.split},
		&cli.BoolFlag{Name: "strict", Destination: &o.strict,
			Usage: "exit 1 when an image is unreadable, or repeated in two classes or parts"},
		jsonFlag(&o.json),
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
		Action: action(o.run),
	}
}

func (o *dataCheckOptions) run(c *call) error {
	dir, err := c.oneDir()
	if err != nil {
		return err
	}
	set, err := data.Scan(c.ctx, dir, data.ScanOptions{})
	if err != nil {
		return fail(err, "flowerctl data draw DIR draws flowers to try with")
	}
	report, err := data.Inspect(c.ctx, set, o.split)
	if err != nil {
		return err
	}
	if o.json {
		err = writeJSON(c.out, report)
	} else {
		err = printReport(c.out, report)
	}
	if n := report.Bad(); err == nil && n > 0 && o.strict {
		return fmt.Errorf("%s: %d things to mend", dir, n)
	}
	return err
}

func printReport(w io.Writer, r data.Report) error {
	width := 0
	for _, c := range r.Classes {
		width = max(width, utf8.RuneCountInString(c.Label))
	}
	fmt.Fprintf(w, "%s: %d images of %d classes\n", r.Dir, r.Images, len(r.Classes))
	for _, c := range r.Classes {
		fmt.Fprintf(w, "  %-*s %6d %5.1f %%", width, c.Label, c.Images, 100*float64(c.Images)/float64(r.Images))
		if c.Train+c.Val+c.Test > 0 {
			fmt.Fprintf(w, "  train %d, val %d, test %d", c.Train, c.Val, c.Test)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "always answering the most frequent class is right in %.1f %%\n", 100*r.MajorityRate)
	for _, p := range r.Problems {
		fmt.Fprintf(w, "%s: %s\n", p.Kind, p)
	}
	for _, g := range r.Repeated {
		what, where := "look alike", ""
		if g.SameBytes {
			what = "same bytes"
		}
		if g.TwoClasses {
			where += ", under two classes"
		}
		if g.TwoParts {
			where += ", in two parts"
		}
		fmt.Fprintf(w, "%s%s: %s\n", what, where, strings.Join(g.Files, " "))
	}
	_, err := fmt.Fprintf(w, "%d left out, %d repeated\n", len(r.Problems), len(r.Repeated))
	return err
}
