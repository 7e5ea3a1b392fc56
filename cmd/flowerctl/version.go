package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"github.com/flowerctl/flowerctl/infer/ort"
	kernelengine "github.com/flowerctl/flowerctl/train/nn/kernel/engine"
)

// version is the program's, as it is written into checkpoints and ONNX files.
const version = "0.1.0"

// printVersion writes what a bug report needs, one thing a line.
func printVersion(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "flowerctl\t%s\n", version)
	fmt.Fprintf(t, "commit\t%s\n", commit())
	fmt.Fprintf(t, "go\t%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(t, "kernels\t%s\n", kernelengine.Description())
	fmt.Fprintf(t, "onnxruntime\t%s\n", runtimeVersion())
	return t.Flush()
}

// runtimeVersion is the version of the onnxruntime that is there, as it says
// itself, and the one that flowerctl would install.
func runtimeVersion() string {
	library, err := ort.Find(ort.BuildCPU)
	if err == nil {
		library, err = ort.Load(library)
	}
	if err != nil {
		return fmt.Sprintf("%s wanted (%s or newer will do): %v", ort.Version, ort.MinVersion, err)
	}
	return fmt.Sprintf("%s (%s or newer will do) from %s", library.Version, ort.MinVersion, library.Path)
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
