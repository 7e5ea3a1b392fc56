package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
)

// defaultBatch is how many pictures a run of the network takes: enough that
// starting a run costs nothing, few enough that the first answers come soon.
const defaultBatch = 8

func predictCommand() *cli.Command {
	return &cli.Command{
		Name:      "predict",
		Usage:     "say what is in pictures",
		ArgsUsage: "IMG...",
		Description: `IMG is a file, a folder (with all below it), a pattern, or - for the standard
input. Answers come in the order of the pictures. One that cannot be read has
its line with the reason, the others go on, and the exit code is 1. In a folder,
what has neither an image's bytes nor an image's name is left out.

  flowerctl predict img.jpg
  flowerctl predict photos/ more/*.png --top 3
  flowerctl predict photos/ --json --min-confidence 0.8
  flowerctl predict img.jpg --explain why/
  find . -name '*.jpg' | flowerctl predict - --list --csv`,
		Flags: append([]cli.Flag{
			&cli.IntFlag{Name: "top", Value: 1, Usage: "`K` likeliest classes"},
			jsonFlag(new(bool)),
			&cli.BoolFlag{Name: "csv", Usage: "results as CSV, with a header"},
			&cli.Float64Flag{Name: "min-confidence", Usage: "answer \"unknown\" below probability `P`, 0 to 1"},
			&cli.IntFlag{Name: "batch", Value: defaultBatch, Usage: "`N` pictures a run of the network"},
			&cli.StringFlag{Name: "explain", Usage: "write for each picture into `DIR` what the answer rests on"},
			&cli.BoolFlag{Name: "list", Usage: "the standard input holds file names, one a line"},
		}, modelFlags()...),
		Action: predict,
	}
}

func predict(c *cli.Context) (err error) {
	out, err := newAnswerWriter(c)
	if err != nil {
		return err
	}
	args := c.Args().Slice()
	switch {
	case len(args) == 0:
		return fail(usagef("no pictures named"), "flowerctl predict img.jpg", "- reads the standard input")
	case slices.Contains(args[slices.Index(args, "-")+1:], "-") && slices.Contains(args, "-"):
		return usagef("- twice: there is one standard input")
	case c.Bool("list") && !slices.Contains(args, "-"):
		return fail(usagef("--list without -: the standard input would not be read"), "flowerctl predict - --list")
	}
	if err := checkBatch(c.Int("batch")); err != nil {
		return err
	}
	classifier, _, err := openModel(c, many(args, c.Bool("list")) && c.String("explain") == "")
	if err != nil {
		return err
	}
	defer closing(&err, classifier.Close)
	out.top = min(out.top, len(classifier.Labels()))
	explain, err := newExplainer(c.String("explain"), classifier)
	if err != nil {
		return err
	}
	t := tally{out: out}
	for r, err := range stream(c.Context, classifier.Engine(), pictures(args, c.App.Reader, c.Bool("list")), c.Int("batch")) {
		if err == nil {
			err = errors.Join(t.add(r), explain.add(c.Context, r))
		}
		if err != nil {
			return err
		}
	}
	if explain != nil && explain.written > 0 {
		talk(c, "%s in %s, by %s", counted(explain.written, "picture", "pictures"), explain.dir, explain.method)
	}
	if t.left > 0 {
		talk(c, "%s left out", counted(t.left, "file that is no image", "files that are no images"))
	}
	return t.end()
}

// tally writes results and counts them.
type tally struct {
	out               *answerWriter
	all, failed, left int
	// first is the first result, held back when it is an error: if it stays
	// alone it is the command's own.
	first *infer.Result
}

func (t *tally) add(r infer.Result) error {
	if leftOut(r.Tag, r.Name, r.Err) {
		t.left++
		return nil
	}
	if t.all++; r.Err != nil {
		t.failed++
	}
	if t.all == 1 && r.Err != nil && t.out.forPeople {
		t.first = &r
		return nil
	}
	if t.first != nil {
		if err := t.write(*t.first); err != nil {
			return err
		}
		t.first = nil
	}
	return t.write(r)
}

// write writes a result; for people, on one line whatever the file is called.
func (t *tally) write(r infer.Result) error {
	if t.out.forPeople {
		if r.Err != nil {
			r.Err = errors.New(bareError(r))
		}
		r.Name = printable(r.Name)
	}
	return t.out.write(r)
}

// end is the command's error.
func (t *tally) end() error {
	switch {
	case t.all == 0:
		return errors.New("no images there")
	case t.first != nil:
		return t.first.Err
	case t.failed > 0:
		return fmt.Errorf("no answer for %d of %d images", t.failed, t.all)
	}
	return nil
}

// result is a line of `predict --json`.
type result struct {
	File        string        `json:"file"`
	Label       string        `json:"label,omitempty"`
	Probability float32       `json:"probability,omitempty"`
	Top         []infer.Class `json:"top,omitempty"`
	Error       string        `json:"error,omitempty"`
}

// unknown is the answer when the network is less sure than asked for.
const unknown = "unknown"

// newResult picks what a line says of an answer.
func newResult(r infer.Result, top int, minConfidence float64) result {
	if r.Err != nil {
		return result{File: r.Name, Error: bareError(r)}
	}
	line := result{File: r.Name, Top: r.Answer.Top(top)}
	line.Label, line.Probability = line.Top[0].Label, line.Top[0].Probability
	if float64(line.Probability) < minConfidence {
		line.Label = unknown
	}
	return line
}

// bareError is an error's text without the file's name, which stands beside it.
func bareError(r infer.Result) string {
	return oneLine(errors.New(strings.TrimPrefix(r.Err.Error(), r.Name+": ")))
}
