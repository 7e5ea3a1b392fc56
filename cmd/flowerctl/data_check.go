package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data"
)

func dataCheckCommand() *cli.Command {
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
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "split", Usage: "compare with a run's `FILE` split.csv"},
			&cli.BoolFlag{Name: "strict", Usage: "exit 1 when an image is unreadable, or repeated in two classes or parts"},
			jsonFlag(new(bool)),
		},
		Action: dataCheck,
	}
}

func dataCheck(c *cli.Context) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	set, err := data.Scan(c.Context, dir, data.ScanOptions{})
	if err != nil {
		return fail(err, "flowerctl data draw DIR draws flowers to try with")
	}
	// The pixels are not looked at: a fingerprint of each image is.
	cache, err := data.Load(c.Context, set, imageprep.Config{Size: 1}, data.LoadOptions{})
	if err != nil {
		return err
	}
	if name := c.String("split"); name != "" {
		if err := applySplit(cache.Set, name); err != nil {
			return err
		}
	}
	report := cache.Set.Report()
	if c.Bool("json") {
		err = writeJSON(c.App.Writer, report)
	} else {
		err = printReport(c.App.Writer, report)
	}
	if n := report.Bad(); err == nil && n > 0 && c.Bool("strict") {
		return fmt.Errorf("%s: %d things to mend", dir, n)
	}
	return err
}

// applySplit gives the images the parts that a split.csv says.
func applySplit(set *data.Set, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	split, err := data.ReadSplit(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := set.Apply(split); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func printReport(out io.Writer, r data.Report) error {
	width := 0
	for _, c := range r.Classes {
		width = max(width, utf8.RuneCountInString(c.Label))
	}
	fmt.Fprintf(out, "%s: %d images of %d classes\n", r.Dir, r.Images, len(r.Classes))
	for _, c := range r.Classes {
		fmt.Fprintf(out, "  %-*s %6d %5.1f %%", width, c.Label, c.Images, 100*float64(c.Images)/float64(r.Images))
		if c.Train+c.Val+c.Test > 0 {
			fmt.Fprintf(out, "  train %d, val %d, test %d", c.Train, c.Val, c.Test)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "always answering the most frequent class is right in %.1f %%\n", 100*r.MajorityRate)
	for _, p := range r.Problems {
		fmt.Fprintf(out, "%s: %s\n", p.Kind, p)
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
		fmt.Fprintf(out, "%s%s: %s\n", what, where, strings.Join(g.Files, " "))
	}
	_, err := fmt.Fprintf(out, "%d left out, %d repeated\n", len(r.Problems), len(r.Repeated))
	return err
}
