package main

import (
	"cmp"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/start"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train/cleaning"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

type dataCheckOptions struct {
	split, labelsFile, exclude, run, model, html, fixList string
	strict, force, json                                   bool
}

func (o *dataCheckOptions) flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&o.split, "split", "", "compare with a run's `FILE` split.csv"),
		shell.TextFlag(&o.labelsFile, "labels-file", "", "take pictures and labels from `LIST`, CSV or "+
			"JSON lines, as train does"),
		shell.TextFlag(&o.exclude, "exclude", "", "leave out the images that `FILE` names"),
		shell.TextFlag(&o.run, "run", "", "list doubtful labels, judged with the network of run `DIR`"),
		shell.TextFlag(&o.model, "model", "", "list doubtful labels, judged with the network in "+
			"`FILE`.onnx, or one of backbone list, or builtin"),
		shell.TextFlag(&o.html, "html", "", "show repeats and doubtful labels on the page `FILE`"),
		shell.TextFlag(&o.fixList, "fix-list", "",
			"write what to leave out to `FILE`.csv, to edit and to give to train --exclude"),
		shell.BoolFlag(&o.strict, "strict",
			"exit 1 when an image is unreadable, or repeated in two classes or parts"),
		shell.BoolFlag(&o.force, "force", "write over files that are there"),
		shell.JSONFlag(&o.json),
	}
}

func dataCheckCommand() *cli.Command {
	o := new(dataCheckOptions)
	return &cli.Command{
		Name:      "check",
		Usage:     "find bad and repeated images and doubtful labels, and count the classes",
		ArgsUsage: "DIR",
		Description: `Reads every image. Finds those that cannot be read, files that do not belong,
pictures that are there twice or look alike, above all under two classes or on
both sides of a split, and says how the classes are balanced. With a network it
lists labels that are likely wrong: heads are fitted on its features, each
without a part of the images, and answer for that part.

  flowerctl data check photos
  flowerctl data check photos --model efficientnet-lite0 --html check.html --fix-list fix.csv
  flowerctl train --data photos --exclude fix.csv
  flowerctl data check photos --labels-file labels.csv
  flowerctl data check photos --split runs/latest/split.csv
  flowerctl data check photos --strict --json`,
		Flags:  o.flags(),
		Action: shell.Action(o.check),
	}
}

func (o *dataCheckOptions) check(c *shell.Call) (err error) {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	for _, file := range []string{o.html, o.fixList} {
		if err := shell.MayWrite(file, o.force); file != "" && err != nil {
			return err
		}
	}
	scan := data.ScanOptions{Folder: "the argument, here " + dir + ","}
	if o.exclude != "" {
		if scan.Exclude, err = data.ReadExclusion(o.exclude); err != nil {
			return fmt.Errorf("--exclude: %w", err)
		}
	}
	set, err := data.ScanEither(c.Ctx, dir, o.labelsFile, false, scan)
	if o.labelsFile == "" {
		err = remedy.Images(err, "flowerctl data draw DIR draws flowers to try with")
	}
	if err != nil {
		return err
	}
	for _, note := range set.Notes {
		c.Say("%s", note)
	}
	how := cleaning.Options{Split: o.split}
	if o.run != "" || o.model != "" {
		body, err := o.openBody(c)
		if err != nil {
			return err
		}
		defer shell.Closing(&err, body.Close)
		counter := terminal.NewCounter(c.Log, len(set.Items))
		how.Body, how.Progress = body, counter.Show
	}
	report, err := cleaning.Check(c.Ctx, set, how)
	if err != nil {
		return err
	}
	return cmp.Or(c.Write(o.json, report, report), o.write(c, dir, report))
}

// openBody opens the network that judges labels.
func (o *dataCheckOptions) openBody(c *shell.Call) (*run.Body, error) {
	if o.run == "" {
		base, err := start.Open(c, "--model", &run.Settings{From: o.model}, "cpu")
		if err != nil {
			return nil, err
		}
		return base.Body(0)
	}
	if o.model != "" {
		return nil, shell.Usagef("--run and --model: want one of them")
	}
	folder, err := run.Find(o.run)
	if err != nil {
		return nil, err
	}
	return folder.Body(run.Best, 0)
}

// write writes the files that were asked for.
func (o *dataCheckOptions) write(c *shell.Call, dir string, report *cleaning.Report) error {
	files := pictureFlags{force: o.force}
	err := cmp.Or(files.write(o.html, report.WriteHTML), files.write(o.fixList, report.WriteFixList))
	if err != nil {
		return err
	}
	if o.fixList != "" {
		if o.labelsFile != "" {
			dir += " --labels-file " + o.labelsFile
		}
		c.Say("%s: images to leave out; delete the lines of those that stay, then flowerctl train "+
			"--data %s --exclude %s", o.fixList, dir, o.fixList)
	}
	if n := report.Bad(); n > 0 && o.strict {
		return fmt.Errorf("%s: %d things to mend", dir, n)
	}
	return nil
}
