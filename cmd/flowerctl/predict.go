package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/stores"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/heatmaps"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/train/table"
)

type predictOptions struct {
	choose.Flags
	sharded sharded.Flags
	answerFlags
	explain, column string
	batch           int
	list            bool
}

func (o *predictOptions) flags() []cli.Flag {
	return append([]cli.Flag{
		shell.IntFlag(&o.top, "top", 1, "`K` most probable classes; of several labels, at most so many"),
		shell.JSONFlag(&o.json),
		shell.BoolFlag(&o.csv, "csv", "results as CSV, with a header"),
		shell.FloatFlag(&o.minConfidence, "min-confidence", 0,
			"answer \"unknown\" below probability `P`, 0 to 1; of several labels, give each from P on"),
		choose.BatchFlag(&o.batch),
		shell.TextFlag(&o.explain, "explain", "",
			"write for each picture into `DIR` what the answer rests on"),
		stores.ColumnFlag(&o.column),
		shell.BoolFlag(&o.list, "list", "the standard input holds file names, one a line"),
	}, append(o.sharded.List(), o.Flags.List()...)...)
}

func predictCommand() *cli.Command {
	o := new(predictOptions)
	return &cli.Command{
		Name:      "predict",
		Usage:     "say what is in pictures",
		ArgsUsage: "IMG...",
		Description: `IMG is a file, a folder (with all below it), a pattern, a tar or zip file with
pictures in it, - for the standard input, or in a build with the tag cloud a Parquet
file, or any but that in an object store, such as s3://BUCKET/photos. Answers come in the order of the
pictures. One that cannot be read has its line with the reason, the others go on,
and the exit code is 1. In a folder, files with neither an image's bytes nor an
image's name are left out.

  flowerctl predict img.jpg
  flowerctl predict photos/ more/*.png --top 3
  flowerctl predict photos/ --json --min-confidence 0.8
  flowerctl predict img.jpg --explain why/
  find . -name '*.jpg' | flowerctl predict - --list --csv

A shard of a manifest (flowerctl list), as JSON lines unless --csv says otherwise;
flowerctl merge makes one result of all:

  flowerctl predict --manifest manifest.jsonl --shard 3/16 --out answers/`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *predictOptions) check(names []string, asked bool) error {
	stdin := slices.Index(names, pictures.Stdin)
	switch {
	case asked: // the names are in the manifest
	case len(names) == 0:
		return shell.Fail(shell.Usagef("no pictures named"),
			"flowerctl predict img.jpg", "- reads the standard input")
	case stdin >= 0 && slices.Contains(names[stdin+1:], pictures.Stdin):
		return shell.Usagef("- twice: there is one standard input")
	case o.list && stdin < 0:
		return shell.Fail(shell.Usagef("--list without -: the standard input would not be read"),
			"flowerctl predict - --list")
	}
	return choose.CheckBatch(o.batch)
}

func (o *predictOptions) run(c *shell.Call) (err error) {
	asked := o.sharded.Asked(c)
	arguments := pictures.Arguments{Names: c.Files, Stdin: c.In, List: o.list, Archives: true}
	err = cmp.Or(o.answerFlags.check(), o.check(c.Files, asked), arguments.Holds(o.explain))
	if err != nil {
		return err
	}
	if asked {
		return o.sharded.Predict(c, &o.Flags, o.writer(nil, o.top), o.batch)
	}
	if arguments.Objects, err = stores.Of(c, c.Files...); err != nil {
		return err
	}
	defer shell.Closing(&err, arguments.Objects.Close)
	arguments.Tables, arguments.Column = stores.Tables(), o.column
	m, err := o.Find(c)
	if err != nil {
		return err
	}
	m.Options.Explain = o.explain != ""
	classifier, err := m.Open(c, arguments.Many() && !m.Options.Explain)
	if err != nil {
		return err
	}
	defer shell.Closing(&err, classifier.Close)
	m.Tell(c)
	var heat *heatmaps.Folder
	if o.explain != "" {
		if heat, err = heatmaps.Open(o.explain, classifier); err != nil {
			return err
		}
	}
	engine := classifier.Engine()
	engine.Alone, engine.KeepData, engine.Decoders = true, heat != nil, stores.Decoders(c.Files...)
	if !c.Given("min-confidence") {
		o.minConfidence = classifier.UnknownBelow()
	}
	out := &tally{out: o.writer(c.Out, len(classifier.Labels())),
		none: pictures.NoneError{In: arguments}}
	if out.out.MultiLabel = classifier.MultiLabel(); out.out.MultiLabel && !c.Given("top") {
		out.out.Top = len(classifier.Labels())
	}
	results := infer.Stream(c.Ctx, engine, pictures.List(arguments), o.batch)
	for r, err := range terminal.Counted(c.Log, c.Out, results) {
		if err == nil {
			err = errors.Join(out.add(r), heat.Add(c.Ctx, r))
		}
		if err != nil {
			return err
		}
	}
	if heat != nil && heat.Written > 0 {
		c.Say("%s in %s, by %s", table.Count(heat.Written, "picture"), heat.Dir, heat.Method)
	}
	for _, name := range out.links {
		c.Say("%s", shell.OneLine(fmt.Errorf("%s: %w", name, pictures.ErrFolderLink)))
	}
	if out.left > 0 {
		c.Say("%s left out: no image", table.Count(out.left, "file"))
	}
	return out.end()
}
