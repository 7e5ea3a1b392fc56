// Package bundle is a folder that holds all that the check of a machine with an
// NVIDIA GPU needs: program, libraries, model, run and images, with a hash of each
// file. It is written on a machine with a network, and read and run on one without.
// It imports nothing of train and export but leaf packages. Start at [Write] and
// [Check].
package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/train/table"
)

// What the folder holds.
const (
	ManifestFile = "bundle.json"
	Program      = "flowerctl"
	Libs         = "lib" // onnxruntime, and NVIDIA's libraries where they were there
	Library      = "libonnxruntime.so"
	Model        = "model.onnx"
	Half         = "model-fp16.onnx" // the same network in fp16, where there is one
	Run          = "run"
	Images       = "images"
)

// Manifest is what a folder must hold, by path with slashes.
type Manifest struct {
	Version string            `json:"flowerctl"`
	Files   map[string]string `json:"sha256"`
}

// Read reads the folder's manifest and compares every file with it. needed are files
// of the run that the manifest must list.
func Read(dir string, needed []string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if err != nil {
		return nil, err
	}
	b := new(Manifest)
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ManifestFile), err)
	}
	if lacks := b.lacks(needed); lacks != "" {
		return nil, fmt.Errorf("%s: lists no %s", filepath.Join(dir, ManifestFile), lacks)
	}
	var wrong []string
	for path, want := range b.Files {
		if !fs.ValidPath(path) {
			return nil, fmt.Errorf("%s: path %q leaves the folder", ManifestFile, path)
		}
		got, err := download.HashFile(filepath.Join(dir, filepath.FromSlash(path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			wrong = append(wrong, path+" is missing")
		case err != nil:
			return nil, err
		case got != want:
			wrong = append(wrong, path+" is another file")
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return nil, fmt.Errorf("%s is incomplete: %d of %s: %s", dir, len(wrong),
			table.Count(len(b.Files), "file"),
			wrong[0])
	}
	return b, nil
}

// lacks names a file that every check needs and the list has not, or is empty.
func (b *Manifest) lacks(run []string) string {
	names := []string{Program, Model, Libs + "/" + Library}
	for _, name := range run {
		names = append(names, Run+"/"+name)
	}
	for _, name := range names {
		if b.Files[name] == "" {
			return name
		}
	}
	for name := range b.Files {
		if strings.HasPrefix(name, Images+"/") {
			return ""
		}
	}
	return Images + "/"
}
