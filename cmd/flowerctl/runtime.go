package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/table"
)

// envOffline forbids every use of the network when it is not empty.
const envOffline = "FLOWERCTL_OFFLINE"

// offline says whether the environment forbids the network, whatever it says.
func offline() bool { return os.Getenv(envOffline) != "" }

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
  ` + ort.EnvLibrary + `=FILE  uses that library instead
  ` + envOffline + `=1         never uses the network`,
		Subcommands: []*cli.Command{
			{
				Name:  "install",
				Usage: "download onnxruntime " + ort.Version + " into your cache folder",
				Description: `From the official release, or else from npm; compared with a known SHA-256.

  flowerctl runtime install
  flowerctl runtime install --cuda     beside it, the one for NVIDIA GPUs (pip)`,
				Flags: []cli.Flag{
					boolFlag(&o.cuda, "cuda", "the build for NVIDIA GPUs (CUDA 13, cuDNN 9; Linux x64)"),
					boolFlag(&o.force, "force", "install again over what is there"),
					boolFlag(&o.offline, "offline",
						"use no network: fail unless it is there (also with $"+envOffline+")"),
					textFlag(&o.mirror, "mirror", "", "`URL` of a folder with the official archives"),
					jsonFlag(&o.json),
				},
				Action: action(o.install),
			},
			{
				Name:   "status",
				Usage:  "which onnxruntime is used, and whether its files are as installed",
				Flags:  []cli.Flag{jsonFlag(&o.json)},
				Action: action(o.status),
			},
		},
	}
}

func (o *runtimeOptions) install(c *call) error {
	if err := c.noFiles(); err != nil {
		return err
	}
	in := ort.Install{Mirror: o.mirror, Offline: o.offline || offline(), Force: o.force}
	if o.cuda {
		in.Build = ort.BuildCUDA
	}
	library, err := c.installRuntime(in)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(c.out, library)
	}
	_, err = fmt.Fprintf(c.out, "onnxruntime %s (%s): %s\n", library.Version, library.Build, library.Path)
	return err
}

func (o *runtimeOptions) status(c *call) error {
	if err := c.noFiles(); err != nil {
		return err
	}
	cpu, cuda := stateOf(ort.BuildCPU), stateOf(ort.BuildCUDA)
	var err error
	if cpu.Error != "" {
		err = fail(cpu.err, remedy(cpu.err, ort.BuildCPU))
	}
	if o.json {
		return errors.Join(writeJSON(c.out, map[string]runtimeState{"cpu": cpu, "cuda": cuda}), err)
	}
	t := new(table.Table)
	for _, row := range []struct {
		name string
		runtimeState
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
	return errors.Join(t.WriteText(c.out), err)
}

// runtimeState is what `runtime status` tells.
type runtimeState struct {
	ort.Library
	Installed bool   `json:"installed"`
	Wanted    string `json:"wanted"`
	Error     string `json:"error,omitempty"`
	err       error
}

// stateOf looks at the library that a build would use, and at its files.
func stateOf(build ort.Build) runtimeState {
	state := runtimeState{Wanted: ort.Version}
	library, err := ort.Find(build)
	if err == nil {
		state.Library, state.Installed = library, true
		err = library.Verify()
	}
	if err == nil && build == ort.BuildCPU {
		var loaded ort.Library
		if loaded, err = ort.Load(library); err == nil {
			state.Library = loaded
		}
	}
	if err != nil {
		state.Error, state.err = err.Error(), err
	}
	return state
}
