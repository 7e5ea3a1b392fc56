package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// version is the program's, as it is written into checkpoints and ONNX files.
const version = "0.1.0"

// printVersion writes what a bug report needs, one thing a line.
func printVersion(_ context.Context, w io.Writer) error {
	_, err := fmt.Fprintf(w, "flowerctl    %s\ncommit       %s\ngo           %s %s/%s\n",
		version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
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
