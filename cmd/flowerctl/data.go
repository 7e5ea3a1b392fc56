package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/data"
)

func dataCommand() *cli.Command {
	return &cli.Command{
		Name:        "data",
		Usage:       "check, fetch or draw images to train on",
		Description: "A set of images is a folder with a folder for each class.",
		Subcommands: []*cli.Command{dataCheckCommand(), dataFetchCommand(), dataDrawCommand()},
	}
}

func dataDrawCommand() *cli.Command {
	return &cli.Command{
		Name:      "draw",
		Usage:     "draw flowers of five kinds, where there are no photographs",
		ArgsUsage: "DIR",
		Description: `Daisies, dandelions, roses, sunflowers and tulips, each kind in its folder. The
same seed draws the same flowers; "flowerctl train" without --data trains on
such ones.

  flowerctl data draw flowers
  flowerctl data draw flowers --count 500 --size 150 --format png`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "count", Value: 100, Usage: "`N` pictures of each kind"},
			&cli.IntFlag{Name: "size", Value: 256, Usage: "side of a picture, `PIXELS`"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of what is drawn"},
			&cli.StringFlag{Name: "format", Value: "jpeg", Usage: "jpeg or png"},
			&cli.BoolFlag{Name: "force", Usage: "replace a folder that is there"},
		},
		Action: dataDraw,
	}
}

func dataDraw(c *cli.Context) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	opts := data.DrawOptions{Count: c.Int("count"), Size: c.Int("size"), Seed: c.Uint64("seed"),
		Replace: c.Bool("force")}
	switch format := c.String("format"); format {
	case "jpeg":
	case "png":
		opts.PNG = true
	default:
		return usagef("--format: got %q, want jpeg or png", format)
	}
	if err := opts.Check(); err != nil {
		return usagef("%w", err)
	}
	if err := data.DrawFolder(c.Context, dir, opts); err != nil {
		return folderError(err)
	}
	fmt.Fprintf(c.App.Writer, "%s: %d drawn flowers, %d of each of 5 kinds\n", dir, 5*opts.Count, opts.Count)
	return nil
}

// oneDir is the one folder that a command names.
func oneDir(c *cli.Context) (string, error) {
	if c.NArg() != 1 {
		return "", usagef("names %d folders, want one", c.NArg())
	}
	return c.Args().First(), nil
}
