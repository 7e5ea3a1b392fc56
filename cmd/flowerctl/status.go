package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

func statusCommand() *cli.Command {
	asJSON := new(bool)
	return &cli.Command{
		Name: "status", Usage: "how far the shards of a folder are", ArgsUsage: "DIR",
		Description: "Up to the last checkpoint of each shard.\n\n  flowerctl status answers/",
		Flags:       []cli.Flag{shell.JSONFlag(asJSON)},
		Action:      shell.Action(func(c *shell.Call) error { return sharded.Status(c, *asJSON) }),
	}
}
