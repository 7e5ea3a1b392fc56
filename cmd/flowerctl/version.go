package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
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
	t.Add("commit", shell.Commit())
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
