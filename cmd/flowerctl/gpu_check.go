package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/bundle"
	"github.com/flowerctl/flowerctl/train/run"
)

type gpuCheckOptions struct {
	device, out string
	seconds     float64
}

func gpuCheckCommand() *cli.Command {
	o := new(gpuCheckOptions)
	return &cli.Command{
		Name:      "check",
		Usage:     "run the check in a prepared folder, and write gpu-check.md and .json",
		ArgsUsage: "[DIR]",
		Description: `DIR is the folder that "flowerctl gpu bundle" wrote; else the one that this
program is in. Runs doctor, predict, verify (TF32 off, then on), eval and bench
infer on the GPU and on the CPU. No network is used.

  ./flowerctl gpu check
  ./flowerctl gpu check --device cpu     a dry run, where there is no GPU`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "device", Value: "cuda", Usage: "cuda or cuda:N, or cpu for a dry run",
				Destination: &o.device},
			&cli.Float64Flag{Name: "seconds", Value: 2, Usage: "bench: `S` to spend on each figure",
				Destination: &o.seconds},
			&cli.StringFlag{Name: "out", Value: ".", Usage: "`DIR` for the report", Destination: &o.out},
		},
		Action: shell.Action(o.run),
	}
}

func (o *gpuCheckOptions) run(c *shell.Call) error {
	device, err := ort.ParseDevice(o.device)
	if err != nil {
		return shell.FailWith(shell.ExitUsage, fmt.Errorf("--device: %w", err))
	}
	if _, err := choose.Seconds(o.seconds); err != nil {
		return err
	}
	dir, err := bundleDir(c.Files)
	if err != nil {
		return err
	}
	b, err := bundle.Read(dir, run.ExportFileNames())
	if err != nil {
		return shell.Fail(err, "flowerctl gpu bundle DIR writes it whole; copy it again")
	}
	out, err := filepath.Abs(o.out)
	if err != nil {
		return err
	}
	r, err := b.Check(c.Ctx, dir, bundle.CheckOptions{Device: device, Seconds: o.seconds, Out: out,
		Version: version, Env: []string{shell.EnvOffline + "=1"},
		Log: func(line string) { c.Say("%s", line) }})
	if err != nil {
		return err
	}
	if err := r.WriteMarkdown(c.Out); err != nil || r.OK {
		return err
	}
	return checkFailure(r, device)
}

// bundleDir is the folder that was named, or the program's own.
func bundleDir(files []string) (string, error) {
	if len(files) > 0 {
		return filepath.Abs(files[0])
	}
	program, err := os.Executable()
	return filepath.Dir(program), err
}

// checkFailure is the check's exit code: of the device, when that is what is missing.
func checkFailure(r *bundle.Report, device ort.Device) error {
	for _, step := range r.Steps {
		if step.Exit == shell.ExitDone {
			continue
		}
		err := fmt.Errorf("%s: exit code %d", step.Name, step.Exit)
		hint := bundle.ReportFile + " has all that was said"
		if device.CUDA && step.Exit == shell.ExitNoDevice {
			return shell.FailWith(shell.ExitNoDevice, err, hint)
		}
		return shell.Fail(err, hint)
	}
	return nil
}
