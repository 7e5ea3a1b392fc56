package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/flowerctl/flowerctl/train/run"
)

const (
	runsDir   = run.Root
	latestRun = run.Latest
)

func findRun(path string) (string, error) {
	f, err := run.Find(path)
	return f.Dir, err
}

// fileError puts the file first: "x.onnx: no such file or directory".
func fileError(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return underName(at.Path, err)
	}
	return err
}

// underName puts a name in front of a file system's error.
func underName(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}
