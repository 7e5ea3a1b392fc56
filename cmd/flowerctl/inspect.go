package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/summary"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/run"
)

type inspectOptions struct {
	pictureFlags
	json bool
}

func inspectCommand() *cli.Command {
	o := new(inspectOptions)
	return &cli.Command{
		Name:      "inspect",
		Usage:     "say what is in an ONNX file or a run",
		ArgsUsage: "FILE.onnx|RUN",
		Description: `Nodes with their shapes, parameters, operations and bytes; labels,
preprocessing, training. The file may be from anywhere: it is checked first.

  flowerctl inspect model.onnx
  flowerctl inspect runs/latest --svg network.svg`,
		Flags:  append(o.pictureFlags.flags("draw the network to `FILE`"), shell.JSONFlag(&o.json)),
		Action: shell.Action(o.run),
	}
}

func (o *inspectOptions) run(c *shell.Call) error {
	path, err := c.OneFile("model.onnx")
	if err != nil {
		return err
	}
	s, err := summarize(path)
	if err != nil {
		return err
	}
	if err := o.draw(s.Picture); err != nil {
		return err
	}
	if o.json {
		return shell.WriteJSON(c.Out, s)
	}
	return s.WriteTable(c.Out)
}

// summarize describes a file, or the best checkpoint of a run.
func summarize(path string) (*summary.Summary, error) {
	info, err := os.Stat(path)
	latest := filepath.Base(path) == run.Latest // may be a file that names the run
	if err != nil && !latest {
		return nil, err
	}
	if latest || info.IsDir() {
		folder, err := run.Find(path)
		if err != nil {
			return nil, err
		}
		saved, err := folder.Checkpoint(run.Best)
		if err != nil {
			return nil, err
		}
		return summary.OfCheckpoint(saved)
	}
	m, err := onnx.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := summary.OfFile(m, infer.Beside(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
