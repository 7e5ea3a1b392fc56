package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/export/summary"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "say what is in an ONNX file or a run",
		ArgsUsage: "FILE.onnx|RUN",
		Description: `Nodes with their shapes, parameters, operations and bytes; labels,
preprocessing, training. The file may be from anywhere: it is checked first.

  flowerctl inspect model.onnx
  flowerctl inspect runs/latest --svg network.svg`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "svg", Usage: "draw the network to `FILE`"},
			&cli.StringFlag{Name: "png", Usage: "draw the network to `FILE`"},
			&cli.BoolFlag{Name: "force", Usage: "write over a file that is there"},
			jsonFlag(new(bool)),
		},
		Action: inspect,
	}
}

func inspect(c *cli.Context) error {
	path, err := oneFile(c, "model.onnx")
	if err != nil {
		return err
	}
	s, err := summarize(path)
	if err != nil {
		return err
	}
	if err := drawPictures(c, s.Picture); err != nil {
		return err
	}
	if c.Bool("json") {
		return writeJSON(c.App.Writer, s)
	}
	return s.WriteTable(c.App.Writer)
}

// summarize describes a file, or the best checkpoint of a run.
func summarize(path string) (*summary.Summary, error) {
	info, err := os.Stat(path)
	if err != nil && filepath.Base(path) != latestRun {
		return nil, fileError(err)
	}
	if err != nil || info.IsDir() || filepath.Base(path) == latestRun {
		dir, err := findRun(path)
		if err != nil {
			return nil, err
		}
		saved, err := checkpoint.Load(filepath.Join(dir, train.BestFile))
		if err != nil {
			return nil, fileError(err)
		}
		return summary.OfCheckpoint(saved)
	}
	m, err := onnx.ReadFile(path)
	if err != nil {
		return nil, fileError(err)
	}
	s, err := summary.OfModel(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
