package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/ort/bundle"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

func gpuCommand() *cli.Command {
	return &cli.Command{
		Name:  "gpu",
		Usage: "prepare and run the check of a machine with an NVIDIA GPU",
		Description: `A folder prepared on a machine with a network holds all that the check needs:
program, libraries, model, run and images. The other machine needs no network
and no Go.`,
		Subcommands: []*cli.Command{gpuBundleCommand(), gpuCheckCommand()},
	}
}

type gpuBundleOptions struct {
	model, half, run, data string
	cpuOnly, parts, force  bool
}

func gpuBundleCommand() *cli.Command {
	o := new(gpuBundleOptions)
	return &cli.Command{
		Name:      "bundle",
		Usage:     "write the folder for a machine with a GPU",
		ArgsUsage: "DIR",
		Description: `onnxruntime's build with CUDA goes in where it is installed, and NVIDIA's
libraries where they are found; else the other machine must have them.

  flowerctl runtime install --cuda
  flowerctl gpu bundle gpu/ --model model.onnx --run runs/latest --data photos/
  flowerctl gpu bundle gpu/ ... --parts     also gpu.parts/, files under 50 MiB`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", Value: "model.onnx", Usage: "ONNX `FILE` to check",
				Destination: &o.model},
			&cli.StringFlag{Name: "fp16", Usage: "the same network in fp16, `FILE` to check too",
				Destination: &o.half},
			&cli.StringFlag{Name: "run", Value: filepath.Join(run.Root, run.Latest),
				Usage: "the `RUN` that it was exported from", Destination: &o.run},
			&cli.StringFlag{Name: "data", Usage: "`DIR` with one folder of images per class",
				Destination: &o.data},
			&cli.BoolFlag{Name: "cpu-only", Usage: "take onnxruntime's CPU build, for a dry run",
				Destination: &o.cpuOnly},
			&cli.BoolFlag{Name: "parts", Destination: &o.parts,
				Usage: "also split it into parts under 50 MiB, with a script that joins them"},
			&cli.BoolFlag{Name: "force", Usage: "replace a folder that is there", Destination: &o.force},
		},
		Action: shell.Action(o.write),
	}
}

func (o *gpuBundleOptions) write(c *shell.Call) error {
	if len(c.Files) != 1 {
		return shell.Usagef("got %d folders, want one to write", len(c.Files))
	}
	if o.data == "" {
		return shell.Usagef("no --data: want a folder with one folder of images per class")
	}
	dir := filepath.Clean(c.Files[0])
	folder, err := run.Find(o.run)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil && !o.force {
		return shell.Fail(fmt.Errorf("%s is there already", dir), "--force replaces it")
	}
	libraries, err := o.libraries(c)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	m, err := bundle.Write(c.Ctx, dir, bundle.Contents{Program: program, Model: o.model, Half: o.half,
		Run: folder.ExportFiles(), Libraries: libraries, Images: o.data, Version: version})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "%s: %s\n", dir, table.Count(len(m.Files), "file"))
	if !o.parts {
		return nil
	}
	n, err := bundle.Split(c.Ctx, dir, m)
	if err == nil {
		fmt.Fprintf(c.Out, "%s.parts: %s; sh join.sh there joins them\n", dir, table.Count(n, "part"))
	}
	return err
}

// libraries finds onnxruntime and what it needs, by name.
func (o *gpuBundleOptions) libraries(c *shell.Call) (map[string]string, error) {
	build, remedy := install.BuildCUDA, "flowerctl runtime install --cuda"
	if o.cpuOnly {
		build, remedy = install.BuildCPU, "flowerctl runtime install"
	}
	libraries, absent, err := bundle.Libraries(build)
	for _, part := range absent {
		c.Say("not in the folder: %s (%s)", part.Name, part.Problem)
	}
	return libraries, shell.Fail(err, remedy)
}
