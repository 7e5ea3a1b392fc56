package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

type packOptions struct{ force bool }

func packCommand() *cli.Command {
	o := new(packOptions)
	return &cli.Command{
		Name:      "pack",
		Usage:     "save an ONNX file and the weights beside it as one file",
		ArgsUsage: "IN.onnx OUT.onnx",
		Description: `Large models are often saved as a file and its weights, as model.onnx and
model.onnx.data. All commands read such weights from the folder of the file, and
nowhere else. As one file it can be moved and renamed. Nothing else changes.

  flowerctl pack model.onnx single.onnx`,
		Flags:  []cli.Flag{shell.BoolFlag(&o.force, "force", "write over a file that is there")},
		Action: shell.Action(o.run),
	}
}

func (o *packOptions) run(c *shell.Call) error {
	if len(c.Files) != 2 {
		return shell.Fail(shell.Usagef("got %q, want IN.onnx and OUT.onnx", c.Files),
			"flowerctl pack model.onnx single.onnx")
	}
	in, out := c.Files[0], c.Files[1]
	if err := shell.MayWrite(out, o.force); err != nil {
		return err
	}
	file, err := onnx.ReadBytes(in)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(out, file); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: %d bytes, with all weights of %s\n", out, len(file), in)
	return err
}
