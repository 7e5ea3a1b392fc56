package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/caches"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
)

func dataCommand() *cli.Command {
	return &cli.Command{
		Name:        "data",
		Usage:       "check, fetch or draw images to train on, and see what trainings keep of them",
		Description: "A set of images is a folder with a folder for each class.",
		Subcommands: []*cli.Command{dataCheckCommand(), dataFetchCommand(), dataDrawCommand(),
			caches.Command()},
	}
}

type dataDrawOptions struct {
	draw   data.DrawOptions
	format string
}

func (o *dataDrawOptions) flags() []cli.Flag {
	return []cli.Flag{
		shell.IntFlag(&o.draw.Count, "count", 100, "`N` pictures of each kind"),
		shell.IntFlag(&o.draw.Size, "size", 256, "side of a picture, `PIXELS`"),
		shell.UintFlag(&o.draw.Seed, "seed", 1, "`SEED` of what is drawn"),
		shell.TextFlag(&o.format, "format", "jpeg", "jpeg or png"),
		shell.BoolFlag(&o.draw.Replace, "force", "replace a folder that is there"),
	}
}

func dataDrawCommand() *cli.Command {
	o := new(dataDrawOptions)
	return &cli.Command{
		Name:      "draw",
		Usage:     "draw flowers of five kinds, where there are no photographs",
		ArgsUsage: "DIR",
		Description: `Daisies, dandelions, roses, sunflowers and tulips, each kind in its folder. The
same seed draws the same flowers; "flowerctl train" without --data trains on
such ones.

  flowerctl data draw flowers
  flowerctl data draw flowers --count 500 --size 150 --format png`,
		Flags:  o.flags(),
		Action: shell.Action(o.run),
	}
}

func (o *dataDrawOptions) run(c *shell.Call) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	if o.format != "jpeg" && o.format != "png" {
		return shell.Usagef("--format: got %q, want jpeg or png", o.format)
	}
	o.draw.PNG = o.format == "png"
	if err := o.draw.Check(); err != nil {
		return shell.Usagef("%w", err)
	}
	if err := data.DrawFolder(c.Ctx, dir, o.draw); err != nil {
		return folderError(err)
	}
	_, err = fmt.Fprintf(c.Out, "%s: %d drawn flowers, %d of each of 5 kinds\n",
		dir, 5*o.draw.Count, o.draw.Count)
	return err
}

// oneDir is the one folder that a command names.
func oneDir(c *shell.Call) (string, error) {
	if len(c.Files) != 1 {
		return "", shell.Fail(shell.Usagef("names %d folders, want one", len(c.Files)),
			"flowerctl data "+c.Name+" DIR")
	}
	return c.Files[0], nil
}

// folderError adds what can be done about a folder that is there.
func folderError(err error) error {
	if errors.Is(err, atomicfile.ErrThere) {
		return shell.Fail(err, "--force replaces it, or name another folder")
	}
	return err
}
