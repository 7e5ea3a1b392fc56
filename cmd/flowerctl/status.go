package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

func statusCommand() *cli.Command {
	asJSON := new(bool)
	return &cli.Command{
		Name: "status", Usage: "how far the shards or the trials of a folder are", ArgsUsage: "DIR",
		Description: "Up to the last checkpoint of each shard, or epoch of each trial of a sweep.\n\n" +
			"  flowerctl status answers/\n  flowerctl status sweep/",
		Flags:  []cli.Flag{shell.JSONFlag(asJSON)},
		Action: shell.Action(func(c *shell.Call) error { return sharded.Status(c, *asJSON) }),
	}
}
