package main

import (
	"os"
	"slices"

	"github.com/flowerctl/flowerctl/infer/doctor"
	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// predictsModel is the model that predict takes when no flag names one.
func predictsModel() doctor.Model {
	if path := os.Getenv(envModel); path != "" {
		return doctor.Model{Path: path, From: ", from " + envModel}
	}
	return doctor.Model{Path: "model.onnx", From: " in this folder", Optional: true}
}

// mendFinding is the command that mends what the doctor found, or what to do; "" for
// nothing. build is the onnxruntime that was looked at.
func mendFinding(f doctor.Finding, build install.Build) string {
	switch f.Reason {
	case doctor.SlowJPEG:
		return "apt-get install libjpeg-dev, then make build"
	case doctor.RuntimeBroken:
		return remedy(f.Err, build)
	case doctor.ModelMissing:
		return "flowerctl train --data photos/ && flowerctl export model.onnx"
	case doctor.ModelBroken:
		if os.Getenv(envModel) != "" {
			return "unset " + envModel + ", or name an ONNX file"
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
		return mendPart(f.Part)
	}
	return ""
}

// mendPart is what mends a part of CUDA.
func mendPart(p cuda.Part) string {
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

// mendParts is what mends the parts, with all packages of NVIDIA's in one command.
func mendParts(parts []cuda.Part) []string {
	var remedies, wheels []string
	for _, p := range parts {
		switch {
		case p.Mend == cuda.InstallWheel && !slices.Contains(wheels, p.Wheel):
			wheels = append(wheels, p.Wheel)
		case p.Mend != cuda.InstallWheel && mendPart(p) != "":
			remedies = append(remedies, mendPart(p))
		}
	}
	if len(wheels) > 0 {
		remedies = append(remedies, cuda.PipInstall(wheels...))
	}
	return remedies
}
