package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/caches"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

func dataCacheCommand() *cli.Command {
	list, prune := new(caches.Listing), new(caches.Pruning)
	return &cli.Command{
		Name:  "cache",
		Usage: "what trainings keep on disk: pixels that memory does not hold, features not trained",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "what is kept, and when it was used last",
				Flags: list.Flags(), Action: shell.Action(list.Run)},
			{Name: "prune", Usage: "remove it, but for what a training is using",
				Description: `  flowerctl data cache prune
  flowerctl data cache prune --older-than 720h
  flowerctl data cache prune --keep 20GB`,
				Flags: prune.Flags(), Action: shell.Action(prune.Run)},
		},
	}
}
