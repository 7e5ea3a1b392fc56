package remedy

import (
	"errors"
	"os"
	"slices"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/doctor"
	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Finding is the command that mends what the doctor found, or what to do; "" for
// nothing. build is the onnxruntime that was looked at.
func Finding(f doctor.Finding, build install.Build) string {
	switch f.Reason {
	case doctor.SlowJPEG:
		return "apt-get install libjpeg-dev, then make build"
	case doctor.RuntimeBroken:
		return Runtime(f.Err, build)
	case doctor.ModelMissing:
		return "flowerctl train --data photos/ && flowerctl export model.onnx"
	case doctor.ModelBroken:
		if os.Getenv(shell.EnvModel) != "" {
			return "unset " + shell.EnvModel + ", or name an ONNX file"
		}
		return "flowerctl export model.onnx --force, or --model names another file"
	case doctor.ModelNoLabels:
		return "flowerctl predict --labels FILE, with the classes one a line"
	case doctor.ModelNoSize:
		return "flowerctl predict --size PIXELS"
	case doctor.MemoryLow:
		return "train with a smaller --batch, or close other programs"
	case doctor.CacheUnknown:
		return "set HOME or XDG_CACHE_HOME"
	case doctor.CacheForbidden:
		return "set XDG_CACHE_HOME to a folder of yours"
	case doctor.DiskLow:
		return "make room, or set XDG_CACHE_HOME to a folder on another disk"
	case doctor.PartMissing:
		return part(f.Part)
	}
	return ""
}

// part is what mends a part of CUDA.
func part(p cuda.Part) string {
	switch p.Mend {
	case cuda.InstallRuntime:
		return "flowerctl runtime install --cuda"
	case cuda.ReinstallRuntime:
		return "flowerctl runtime install --cuda --force"
	case cuda.InstallWheel:
		return cuda.PipInstall(p.Wheel)
	}
	return p.Words
}

// parts is what mends the parts, with all packages of NVIDIA's in one command.
func parts(list []cuda.Part) []string {
	var remedies, wheels []string
	for _, p := range list {
		switch {
		case p.Mend == cuda.InstallWheel && !slices.Contains(wheels, p.Wheel):
			wheels = append(wheels, p.Wheel)
		case p.Mend != cuda.InstallWheel && part(p) != "":
			remedies = append(remedies, part(p))
		}
	}
	if len(wheels) > 0 {
		remedies = append(remedies, cuda.PipInstall(wheels...))
	}
	return remedies
}

// Runtime is what mends an error of finding or loading the library of a build.
func Runtime(err error, build install.Build) string {
	command := "flowerctl runtime install"
	if build == install.BuildCUDA {
		command += " --cuda"
	}
	switch {
	case errors.Is(err, install.ErrNoCache):
		return "set HOME or XDG_CACHE_HOME, or " + install.EnvLibrary +
			"=FILE to use a library that is there already"
	case errors.Is(err, install.ErrNotInstalled):
		return command
	case os.Getenv(install.EnvLibrary) != "":
		return "unset " + install.EnvLibrary + ", or name a libonnxruntime " + install.MinVersion +
			" or newer"
	}
	return command + " --force"
}
