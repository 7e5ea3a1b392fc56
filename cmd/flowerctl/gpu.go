package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train"
)

func gpuCommand() *cli.Command {
	return &cli.Command{
		Name:  "gpu",
		Usage: "prepare and run the check of a machine with an NVIDIA GPU",
		Description: `A folder prepared on a machine with a network holds all that the check needs:
program, libraries, model, run and images. The other machine needs no network
and no Go.`,
		Subcommands: []*cli.Command{gpuBundleCommand(), gpuCheckCommand()},
	}
}

// What stands where in the folder.
const (
	bundleManifest = "bundle.json"
	bundleProgram  = "flowerctl"
	bundleLibs     = "lib" // onnxruntime, and NVIDIA's libraries where they were there
	bundleLibrary  = "libonnxruntime.so"
	bundleModel    = "model.onnx"
	bundleHalf     = "model-fp16.onnx" // the same network in fp16, where there is one
	bundleRun      = "run"
	bundleImages   = "images"
)

// bundle is what a folder must hold, by path with slashes.
type bundle struct {
	Version string            `json:"flowerctl"`
	Files   map[string]string `json:"sha256"`
}

// readBundle reads the folder's list and compares every file with it.
func readBundle(dir string) (*bundle, error) {
	data, err := os.ReadFile(filepath.Join(dir, bundleManifest))
	if err != nil {
		return nil, fileError(err)
	}
	b := new(bundle)
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, bundleManifest), err)
	}
	if lacks := b.lacks(); lacks != "" {
		return nil, fmt.Errorf("%s: lists no %s", filepath.Join(dir, bundleManifest), lacks)
	}
	var wrong []string
	for path, want := range b.Files {
		if !fs.ValidPath(path) {
			return nil, fmt.Errorf("%s: path %q leaves the folder", bundleManifest, path)
		}
		got, err := hashOf(filepath.Join(dir, filepath.FromSlash(path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			wrong = append(wrong, path+" is missing")
		case err != nil:
			return nil, fileError(err)
		case got != want:
			wrong = append(wrong, path+" is another file")
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return nil, fmt.Errorf("%s is incomplete: %d of %d files: %s", dir, len(wrong), len(b.Files), wrong[0])
	}
	return b, nil
}

// lacks names a file that every check needs and the list has not, or is empty.
func (b *bundle) lacks() string {
	for _, name := range []string{bundleProgram, bundleModel, bundleLibs + "/" + bundleLibrary,
		bundleRun + "/" + train.BestFile, bundleRun + "/" + train.ConfigFile, bundleRun + "/" + train.SplitFile} {
		if b.Files[name] == "" {
			return name
		}
	}
	for name := range b.Files {
		if strings.HasPrefix(name, bundleImages+"/") {
			return ""
		}
	}
	return bundleImages + "/"
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
