package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// version is the program's, as it is written into checkpoints and ONNX files.
const version = "0.1.0"

// printVersion writes what a bug report needs, one thing a line.
func printVersion(w io.Writer) error {
	t := new(table.Table)
	t.Add("flowerctl", version)
	t.Add("commit", commit())
	t.Add("go", fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH))
	t.Add("kernels", run.Kernels())
	t.Add("onnxruntime", runtimeVersion())
	return t.WriteText(w)
}

// runtimeVersion is the version of the onnxruntime that is there, as it says
// itself, and the one that flowerctl would install.
func runtimeVersion() string {
	library, err := install.Find(install.BuildCPU)
	if err == nil {
		library, err = ort.Load(library)
	}
	if err != nil {
		return fmt.Sprintf("%s wanted (%s or newer will do): %v", install.Version, install.MinVersion,
			err)
	}
	return fmt.Sprintf("%s (%s or newer will do) from %s", library.Version, install.MinVersion,
		library.Path)
}

// commit is the revision that the binary was built from, as far as Go knows it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return "unknown"
	}
	if len(revision) > 12 {
		revision = revision[:12]
	}
	if settings["vcs.modified"] == "true" {
		revision += " (modified)"
	}
	return revision + " " + settings["vcs.time"]
}
