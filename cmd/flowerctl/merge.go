package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/shard"
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
		Flags: []cli.Flag{shell.TextFlag(out, "out", "", "the result; else `FILE` result.* in DIR")},
		Action: shell.Action(func(c *shell.Call) error {
			dir, err := c.OneFile("answers/")
			if err != nil {
				return err
			}
			m, err := shard.Merge(c.Ctx, dir, *out)
			var missing *shard.IncompleteError
			if errors.As(err, &missing) {
				return shell.Fail(err, fmt.Sprintf("flowerctl %s --manifest FILE --shard %d/%d --out %s",
					missing.Kind, missing.Missing[0], missing.Of, dir))
			}
			if err != nil {
				return err
			}
			if len(m.Devices) > 1 {
				c.Say("answered on %s: their last digits may differ", strings.Join(m.Devices, " and "))
			}
			dead := ""
			if m.Failed > 0 {
				dead = fmt.Sprintf("; %d without an answer: %s", m.Failed, m.Dead)
			}
			_, err = fmt.Fprintf(c.Out, "%s: %d pictures in %d shards%s\n", m.Result, m.Pictures,
				m.Shards, dead)
			return err
		}),
	}
}
