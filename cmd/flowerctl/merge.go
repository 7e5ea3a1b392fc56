package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

func mergeCommand() *cli.Command {
	out := new(string)
	return &cli.Command{
		Name:      "merge",
		Usage:     "make one result of the parts that shards wrote",
		ArgsUsage: "DIR",
		Description: `DIR is what shards of predict or eval had as --out. Every shard must be there, of
the same manifest and model, and each part as it was written: its hash is compared.
The result is what one run without shards prints, byte for byte. Pictures without an
answer are in DIR/dead.jsonl with the reason. DIR/_SUCCESS is written last.

  flowerctl merge answers/`,
		Flags:  []cli.Flag{shell.TextFlag(out, "out", "", "the result; else `FILE` result.* in DIR")},
		Action: shell.Action(func(c *shell.Call) error { return sharded.Merge(c, *out) }),
	}
}
