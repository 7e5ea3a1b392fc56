package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/card"
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
		ArgsUsage: "FILE.onnx|RUN|builtin",
		Description: `Nodes with their shapes, parameters, operations and bytes; labels,
preprocessing, training. The file may be from anywhere: it is checked first. Of a
file of export, and of the builtin model, its card is shown too.

  flowerctl inspect model.onnx
  flowerctl inspect builtin
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
	if err := s.WriteTable(c.Out); err != nil || s.Card == nil {
		return err
	}
	fmt.Fprintln(c.Out, "\ncard:")
	return s.Card.WriteText(c.Out)
}

// inspected is a network, with the card of a file.
type inspected struct {
	*summary.Summary
	Card *card.Card `json:"card,omitempty"`
}

// summarize describes a file, the best checkpoint of a run, or the built-in model.
func summarize(path string) (inspected, error) {
	if path == "builtin" {
		return summarizeBuiltin()
	}
	info, err := os.Stat(path)
	latest := filepath.Base(path) == run.Latest // may be a file that names the run
	if err != nil && !latest {
		return inspected{}, err
	}
	if latest || info.IsDir() {
		folder, err := run.Find(path)
		if err != nil {
			return inspected{}, err
		}
		saved, err := folder.Checkpoint(run.Best)
		if err != nil {
			return inspected{}, err
		}
		s, err := summary.OfCheckpoint(saved)
		return inspected{Summary: s}, err
	}
	file, err := onnx.ReadBytes(path)
	if err != nil {
		return inspected{}, err
	}
	m, err := onnx.Decode(file)
	if err != nil {
		return inspected{}, fmt.Errorf("%s: %w", path, err)
	}
	beside := infer.Beside(path)
	s, err := summary.OfFile(m, beside)
	if err != nil {
		return inspected{}, fmt.Errorf("%s: %w", path, err)
	}
	c, notes := card.OfFile(filepath.Base(path), file, m, beside)
	s.Notes = append(s.Notes, notes...)
	return inspected{s, c}, nil
}

// summarizeBuiltin describes the model in the program.
func summarizeBuiltin() (inspected, error) {
	c, err := card.OfBuiltin(infer.Builtin(), infer.BuiltinReport())
	if err != nil {
		return inspected{}, err
	}
	m, err := onnx.Decode(infer.Builtin())
	if err != nil {
		return inspected{}, err
	}
	s, err := summary.OfFile(m, nil)
	return inspected{s, c}, err
}
