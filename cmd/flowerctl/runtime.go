package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/table"
)

type runtimeOptions struct {
	cuda, force, offline, json bool
	mirror                     string
}

func runtimeCommand() *cli.Command {
	o := new(runtimeOptions)
	return &cli.Command{
		Name:  "runtime",
		Usage: "install onnxruntime, or say where it is",
		Description: `onnxruntime runs the ONNX files. It is installed into your cache folder, and
the first command that needs it does so by itself.
  ` + install.EnvLibrary + `=FILE  uses that library instead
  ` + shell.EnvOffline + `=1         never uses the network`,
		Subcommands: []*cli.Command{
			{
				Name:  "install",
				Usage: "download onnxruntime " + install.Version + " into your cache folder",
				Description: `From the official release, or else from npm; compared with a known SHA-256.

  flowerctl runtime install
  flowerctl runtime install --cuda     beside it, the one for NVIDIA GPUs (pip)`,
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "cuda", Destination: &o.cuda,
						Usage: "the build for NVIDIA GPUs (CUDA 13, cuDNN 9; Linux x64)"},
					&cli.BoolFlag{Name: "force", Usage: "install again over what is there",
						Destination: &o.force},
					&cli.BoolFlag{Name: "offline", Destination: &o.offline,
						Usage: "use no network: fail unless it is there (also with $" + shell.EnvOffline + ")"},
					&cli.StringFlag{Name: "mirror", Destination: &o.mirror,
						Usage: "`URL` of a folder with the official archives"},
					shell.JSONFlag(&o.json),
				},
				Action: shell.Action(o.install),
			},
			{
				Name:   "status",
				Usage:  "which onnxruntime is used, and whether its files are as installed",
				Flags:  []cli.Flag{shell.JSONFlag(&o.json)},
				Action: shell.Action(o.status),
			},
		},
	}
}

func (o *runtimeOptions) install(c *shell.Call) error {
	if err := c.NoFiles(); err != nil {
		return err
	}
	in := install.Options{Mirror: o.mirror, Offline: o.offline || shell.Offline(), Force: o.force}
	if o.cuda {
		in.Build = install.BuildCUDA
	}
	library, err := device.InstallRuntime(c, in)
	if err != nil {
		return err
	}
	if o.json {
		return shell.WriteJSON(c.Out, library)
	}
	_, err = fmt.Fprintf(c.Out, "onnxruntime %s (%s): %s\n", library.Version, library.Build,
		library.Path)
	return err
}

func (o *runtimeOptions) status(c *shell.Call) error {
	if err := c.NoFiles(); err != nil {
		return err
	}
	cpu, cuda := ort.StatusOf(install.BuildCPU), ort.StatusOf(install.BuildCUDA)
	var err error
	if cpu.Error != "" {
		err = shell.Fail(cpu.Err, remedy.Runtime(cpu.Err, install.BuildCPU))
	}
	if o.json {
		return errors.Join(shell.WriteJSON(c.Out, map[string]ort.Status{"cpu": cpu, "cuda": cuda}), err)
	}
	t := new(table.Table)
	for _, row := range []struct {
		name string
		ort.Status
	}{{"cpu", cpu}, {"cuda", cuda}} {
		switch {
		case !row.Installed:
			t.Add(row.name, "not installed")
		case row.Error != "":
			t.Add(row.name, "not usable", row.Source, row.Path)
		default:
			t.Add(row.name, row.Version, row.Source, row.Path)
		}
	}
	return errors.Join(t.WriteText(c.Out), err)
}
