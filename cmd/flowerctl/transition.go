package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/run"
)

const (
	runsDir   = run.Root
	latestRun = run.Latest
)

func findRun(path string) (string, error) {
	f, err := run.Find(path)
	return f.Dir, err
}

func oneFile(c *cli.Context, example string) (string, error) {
	k := &call{name: c.Command.Name, files: c.Args().Slice()}
	return k.oneFile(example)
}

func drawPictures(c *cli.Context, make func() (picture.Picture, error)) error {
	p := pictureFlags{c.String("svg"), c.String("png"), c.Bool("force")}
	return p.draw(make)
}

func needRuntime(c *cli.Context, build ort.Build) (ort.Library, error) {
	return (&call{ctx: c.Context, log: c.App.ErrWriter}).needRuntime(build)
}

func noArgs(c *cli.Context) error { return (&call{files: c.Args().Slice()}).noFiles() }
