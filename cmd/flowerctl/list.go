package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
)

type listOptions struct {
	data, out string
	noHash    bool
	failed    int
}

func listCommand() *cli.Command {
	o := new(listOptions)
	return &cli.Command{
		Name:      "list",
		Usage:     "write a manifest of pictures, for shards of predict and eval",
		ArgsUsage: "SOURCE...",
		Description: `SOURCE is a file, a folder (with all below it), a pattern, or - for names on the
standard input, one a line. The manifest has a line for each picture, in the order in
which predict answers: its name, size and SHA-256. Shards notice a picture that
changed since. A file that cannot be read is listed with the reason, and the exit code
is 1. With --data the pictures have the classes of their folders, for eval.

  flowerctl list photos/ > manifest.jsonl
  flowerctl list --data photos/ --out labelled.jsonl
  find . -name '*.jpg' | flowerctl list - --out manifest.jsonl`,
		Flags: []cli.Flag{
			shell.TextFlag(&o.data, "data", "", "`DIR` with one folder per class, in place of SOURCE"),
			shell.TextFlag(&o.out, "out", "", "write to `FILE`, when all is listed"),
			shell.BoolFlag(&o.noHash, "no-hash", "sizes alone: of each file only the beginning is read"),
		},
		Action: shell.Action(o.run),
	}
}

func (o *listOptions) run(c *shell.Call) error {
	if (len(c.Files) > 0) == (o.data != "") {
		return shell.Fail(shell.Usagef("want SOURCE or --data, one of them"),
			"flowerctl list photos/ > manifest.jsonl")
	}
	how := shard.ListOptions{NoHash: o.noHash, Skipped: func(left bool, err error) {
		if !left {
			o.failed++
		}
		if !left || errors.Is(err, pictures.ErrFolderLink) {
			c.Say("%s", shell.OneLine(err))
		}
	}}
	sources := named(pictures.Arguments{Names: c.Files, Stdin: c.In, List: true})
	if o.data != "" {
		set, err := data.Scan(c.Ctx, o.data, data.ScanOptions{})
		if err != nil {
			return shell.Fail(err, "want DIR/daisy/1.jpg, DIR/rose/2.jpg ...")
		}
		how.Classes, sources = set.Labels, labelled(set)
	}
	var sum shard.Summary
	write := func(w io.Writer) (err error) {
		sum, err = shard.List(c.Ctx, w, sources, how)
		return err
	}
	err := error(nil)
	if o.out == "" {
		err = write(c.Out)
	} else {
		err = atomicfile.Write(o.out, write)
	}
	switch {
	case err != nil:
		return err
	case sum.Pictures == 0:
		return errors.New("no images there")
	case o.failed > 0:
		return fmt.Errorf("%d of %d files cannot be read", o.failed, sum.Pictures)
	}
	c.Say("%s listed", counted(int(sum.Pictures), "picture", "pictures"))
	return nil
}

// named are the pictures that arguments mean.
func named(a pictures.Arguments) iter.Seq[shard.Source] {
	return func(yield func(shard.Source) bool) {
		for p := range pictures.List(a) {
			if !yield(shard.Source{Picture: p}) {
				return
			}
		}
	}
}

// labelled are the pictures of a set with their classes; those that cannot be read first.
func labelled(set *data.Set) iter.Seq[shard.Source] {
	file := func(path string) string { return filepath.Join(set.Dir, filepath.FromSlash(path)) }
	items, unreadable := set.Of("", nil)
	return func(yield func(shard.Source) bool) {
		for _, p := range unreadable {
			err := errors.New(file(p.Path) + ": " + p.Reason)
			if !yield(shard.Source{Picture: infer.Picture{Name: file(p.Path), Err: err}, Path: p.Path,
				Class: set.Labels[0]}) {
				return
			}
		}
		for _, item := range items {
			if !yield(shard.Source{Picture: infer.Picture{Name: file(item.Path)}, Path: item.Path,
				Class: set.Labels[item.Class]}) {
				return
			}
		}
	}
}
