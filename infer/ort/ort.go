// Package ort runs ONNX models on onnxruntime: it loads the library, which
// package install finds, opens sessions on the CPU or an NVIDIA GPU, and runs them.
//
// It is the only package that imports onnxruntime's bindings, none of whose
// types leave it; it never imports gorgonia. Start at [Load] and [NewSession].
package ort

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Errors of Load that a caller may want to tell apart.
var (
	ErrNotLibrary = errors.New("not an onnxruntime library")
	ErrTooOld     = errors.New("onnxruntime is too old")
)

// loaded is the one library of this process.
var loaded struct {
	sync.Mutex
	library install.Library
}

// Loaded is the library in use; its Path is empty before Load.
func Loaded() install.Library {
	loaded.Lock()
	defer loaded.Unlock()
	return loaded.library
}

// Load loads the library and starts its environment, both for as long as the
// process lives. The result has the version that the library says it has.
// Loading the same file again does nothing; another one is an error.
func Load(l install.Library) (install.Library, error) {
	path, err := filepath.Abs(l.Path)
	if err != nil {
		return install.Library{}, err
	}
	l.Path = path
	loaded.Lock()
	defer loaded.Unlock()
	if old := loaded.library; old.Path != "" {
		if old.Path != path {
			return install.Library{}, fmt.Errorf("%s: this process already uses %s", path, old.Path)
		}
		return old, nil
	}
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return install.Library{}, fmt.Errorf("%s: no such file", path)
	} else if err != nil {
		return install.Library{}, err
	} else if !info.Mode().IsRegular() {
		return install.Library{}, fmt.Errorf("%s: %w: not a file", path, ErrNotLibrary)
	}
	if err := l.CheckSizes(); err != nil {
		return install.Library{}, err
	}
	if err := install.CheckSharedLibrary(path); err != nil {
		return install.Library{}, fmt.Errorf("%s: %w: %v", path, ErrNotLibrary, err)
	}
	mapLargeBlocks()
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return install.Library{}, loadError(path, err)
	}
	l.Version = ort.GetVersion()
	loaded.library = l
	return l, nil
}

// loadError translates the bindings' words.
func loadError(path string, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "Error setting ORT API base: 2"):
		return fmt.Errorf("%s: %w: want %s or newer", path, ErrTooOld, install.MinVersion)
	case strings.Contains(text, "OrtGetApiBase"), strings.Contains(text, "ORT API base"):
		return fmt.Errorf("%s: %w: it has no OrtGetApiBase", path, ErrNotLibrary)
	case strings.Contains(text, "Error loading ONNX shared library"):
		_, reason, _ := strings.Cut(text, `": `)
		return fmt.Errorf("%s: %w: %s", path, ErrNotLibrary, strings.TrimPrefix(reason, path+": "))
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
}
