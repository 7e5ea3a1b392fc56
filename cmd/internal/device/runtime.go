package device

import (
	"context"
	"errors"
	"os"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// InstallRuntime runs an installation, telling its steps.
func InstallRuntime(c *shell.Call, in install.Options) (install.Library, error) {
	bar := terminal.NewDownloadBar(c.Log)
	in.Log = func(line string) {
		bar.End()
		c.Say("%s", line)
	}
	in.Progress = bar.Show
	library, err := install.Run(c.Ctx, in)
	bar.End()
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return library, err
	case errors.Is(err, install.ErrNoCache):
		return library, shell.Fail(err, remedy.Runtime(err, in.Build))
	case in.Offline:
		return library, shell.Fail(err, "flowerctl runtime install, on a network",
			install.EnvLibrary+"=FILE uses a library that is there already")
	}
	return library, shell.Fail(err, "npm on PATH is a second way to get it",
		install.EnvLibrary+"=FILE uses a library that is there already (onnxruntime "+
			install.MinVersion+" or newer)")
}

// NeedRuntime loads onnxruntime for a command that needs it, and installs it first
// where it is not there.
func NeedRuntime(c *shell.Call, build install.Build) (install.Library, error) {
	library, err := install.Find(build)
	if errors.Is(err, install.ErrNotInstalled) {
		c.Say("onnxruntime is needed and not there yet: installing it, once")
		library, err = InstallRuntime(c, install.Options{Build: build, Offline: shell.Offline()})
		if err != nil {
			return library, err
		}
	}
	if err != nil {
		return library, shell.Fail(err, remedy.Runtime(err, build))
	}
	return loadRuntime(library)
}

// loadRuntime loads a library that is there.
func loadRuntime(library install.Library) (install.Library, error) {
	loaded, err := ort.Load(library)
	if err == nil {
		return loaded, nil
	}
	if os.Getenv(install.EnvLibrary) != "" {
		return loaded, shell.Fail(err, install.EnvLibrary+" names this file: unset it, or name a "+
			"libonnxruntime "+install.MinVersion+" or newer")
	}
	return loaded, shell.Fail(err, "flowerctl runtime install --force")
}
