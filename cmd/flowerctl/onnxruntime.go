package main

import (
	"context"
	"errors"
	"os"

	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer/ort"
)

// installRuntime runs an installation, telling its steps.
func (c *call) installRuntime(in ort.Install) (ort.Library, error) {
	bar := terminal.NewDownloadBar(c.log)
	in.Log = func(line string) {
		bar.End()
		c.say("%s", line)
	}
	in.Progress = bar.Show
	library, err := in.Run(c.ctx)
	bar.End()
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return library, err
	case errors.Is(err, ort.ErrNoCache):
		return library, fail(err, remedy(err, in.Build))
	case in.Offline:
		return library, fail(err, "flowerctl runtime install, on a network",
			ort.EnvLibrary+"=FILE uses a library that is there already")
	}
	return library, fail(err, "npm on PATH is a second way to get it",
		ort.EnvLibrary+"=FILE uses a library that is there already (onnxruntime "+ort.MinVersion+" or newer)")
}

// needRuntime loads onnxruntime for a command that needs it, and installs it first
// where it is not there.
func (c *call) needRuntime(build ort.Build) (ort.Library, error) {
	library, err := ort.Find(build)
	if errors.Is(err, ort.ErrNotInstalled) {
		c.say("onnxruntime is needed and not there yet: installing it, once")
		library, err = c.installRuntime(ort.Install{Build: build, Offline: offline()})
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
	}
	return command + " --force"
}
