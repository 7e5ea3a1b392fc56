package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/ort"
)

// envOffline forbids every use of the network when it is not empty.
const envOffline = "FLOWERCTL_OFFLINE"

// offline says whether the environment forbids the network, whatever it says.
func offline() bool { return os.Getenv(envOffline) != "" }

func runtimeCommand() *cli.Command {
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
					&cli.BoolFlag{Name: "cuda", Usage: "the build for NVIDIA GPUs (CUDA 13, cuDNN 9; Linux x64)"},
					&cli.BoolFlag{Name: "force", Usage: "install again over what is there"},
					&cli.BoolFlag{Name: "offline", Usage: "use no network: fail unless it is there (also with $" + envOffline + ")"},
					&cli.StringFlag{Name: "mirror", Usage: "`URL` of a folder with the official archives"},
					jsonFlag(new(bool)),
				},
				Action: runtimeInstall,
			},
			{
				Name:   "status",
				Usage:  "which onnxruntime is used, and whether its files are as installed",
				Flags:  []cli.Flag{jsonFlag(new(bool))},
				Action: runtimeStatus,
			},
		},
	}
}

// jsonFlag is --json, the same wherever a script may read.
func runtimeInstall(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	in := ort.Install{Mirror: c.String("mirror"), Offline: c.Bool("offline") || offline(), Force: c.Bool("force")}
	if c.Bool("cuda") {
		in.Build = ort.BuildCUDA
	}
	library, err := install(c, in)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return writeJSON(c.App.Writer, library)
	}
	fmt.Fprintf(c.App.Writer, "onnxruntime %s (%s): %s\n", library.Version, library.Build, library.Path)
	return nil
}

// install runs an installation, telling its steps on stderr.
func install(c *cli.Context, in ort.Install) (ort.Library, error) {
	bar := newDownloadBar(c.App.ErrWriter)
	in.Log = func(line string) {
		bar.end()
		talk(c, "%s", line)
	}
	in.Progress = bar.show
	library, err := in.Run(c.Context)
	bar.end()
	if err == nil || errors.Is(err, context.Canceled) {
		return library, err
	}
	if errors.Is(err, ort.ErrNoCache) {
		return library, fail(err, remedy(err, in.Build))
	}
	if in.Offline {
		return library, fail(err, "flowerctl runtime install, on a network",
			ort.EnvLibrary+"=FILE uses a library that is there already")
	}
	return library, fail(err, "npm on PATH is a second way to get it",
		ort.EnvLibrary+"=FILE uses a library that is there already (onnxruntime "+ort.MinVersion+" or newer)")
}

// needRuntime loads onnxruntime for a command that needs it, and installs it
// first where it is not there.
func needRuntime(c *cli.Context, build ort.Build) (ort.Library, error) {
	library, err := ort.Find(build)
	if errors.Is(err, ort.ErrNotInstalled) {
		talk(c, "onnxruntime is needed and not there yet: installing it, once")
		library, err = install(c, ort.Install{Build: build, Offline: offline()})
		if err != nil {
			return library, err
		}
	}
	if err != nil {
		return library, fail(err, remedy(err, build))
	}
	return loadRuntime(library)
}

// loadRuntime loads a library that is there.
func loadRuntime(library ort.Library) (ort.Library, error) {
	loaded, err := ort.Load(library)
	if err == nil {
		return loaded, nil
	}
	if os.Getenv(ort.EnvLibrary) != "" {
		return loaded, fail(err, ort.EnvLibrary+" names this file: unset it, or name a libonnxruntime "+ort.MinVersion+" or newer")
	}
	return loaded, fail(err, "flowerctl runtime install --force")
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

func runtimeStatus(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	cpu, cuda := stateOf(ort.BuildCPU), stateOf(ort.BuildCUDA)
	var err error
	if cpu.Error != "" {
		err = fail(cpu.err, remedy(cpu.err, ort.BuildCPU))
	}
	if c.Bool("json") {
		return errors.Join(writeJSON(c.App.Writer, map[string]runtimeState{"cpu": cpu, "cuda": cuda}), err)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	for _, row := range []struct {
		name string
		runtimeState
	}{{"cpu", cpu}, {"cuda", cuda}} {
		switch {
		case !row.Installed:
			fmt.Fprintf(w, "%s\tnot installed\n", row.name)
		case row.Error != "":
			fmt.Fprintf(w, "%s\tnot usable\t%s\t%s\n", row.name, row.Source, row.Path)
		default:
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.name, row.Version, row.Source, row.Path)
		}
	}
	return errors.Join(w.Flush(), err)
}

// remedy is what mends an error of finding or loading the library of a build.
func remedy(err error, build ort.Build) string {
	command := "flowerctl runtime install"
	if build == ort.BuildCUDA {
		command += " --cuda"
	}
	switch {
	case errors.Is(err, ort.ErrNoCache):
		return "set HOME or XDG_CACHE_HOME, or " + ort.EnvLibrary + "=FILE to use a library that is there already"
	case errors.Is(err, ort.ErrNotInstalled):
		return command
	case os.Getenv(ort.EnvLibrary) != "":
		return "unset " + ort.EnvLibrary + ", or name a libonnxruntime " + ort.MinVersion + " or newer"
	default:
		return command + " --force"
	}
}

// noArgs refuses what stands behind a command that takes only flags.
func noArgs(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("takes no file names: got %q", c.Args().First())
	}
	return nil
}
