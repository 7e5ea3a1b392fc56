package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/stores"
)

func listCommand() *cli.Command {
	o := new(sharded.Listing)
	return &cli.Command{
		Name:      "list",
		Usage:     "write a manifest of pictures, for shards of predict and eval",
		ArgsUsage: "SOURCE...",
		Description: `SOURCE is a file, a folder (with all below it), a pattern, - for names on the
standard input, one a line, or in a build with the tag cloud a Parquet file, or s3://,
gs:// or azblob://BUCKET/PREFIX. The manifest has a line for each picture, in the order in
which predict answers: its name, size and SHA-256, or an object's ETag. Shards notice a picture that
changed since. A file that cannot be read is listed with the reason, and the exit code
is 1. With --data the pictures have the classes of their folders, for eval.

  flowerctl list photos/ > manifest.jsonl
  flowerctl list --data photos/ --out labelled.jsonl
  flowerctl list 's3://bucket/photos?region=eu-west-1' > manifest.jsonl
  find . -name '*.jpg' | flowerctl list - --out manifest.jsonl`,
		Flags: []cli.Flag{
			shell.TextFlag(&o.Data, "data", "", "`DIR` with one folder per class, in place of SOURCE"),
			shell.TextFlag(&o.Out, "out", "", "write to `FILE`, when all is listed"),
			stores.ColumnFlag(&o.Column),
			shell.BoolFlag(&o.NoHash, "no-hash", "sizes alone: of each file only the beginning is read"),
		},
		Action: shell.Action(o.Run),
	}
}
