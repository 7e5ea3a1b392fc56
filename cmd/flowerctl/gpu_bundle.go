package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train"
)

func gpuBundleCommand() *cli.Command {
	return &cli.Command{
		Name:      "bundle",
		Usage:     "write the folder for a machine with a GPU",
		ArgsUsage: "DIR",
		Description: `onnxruntime's build with CUDA goes in where it is installed, and NVIDIA's
libraries where they are found; else the other machine must have them.

  flowerctl runtime install --cuda
  flowerctl gpu bundle gpu/ --model model.onnx --run runs/latest --data photos/
  flowerctl gpu bundle gpu/ ... --parts     also gpu.parts/, files under 50 MiB`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", Value: "model.onnx", Usage: "ONNX `FILE` to check"},
			&cli.StringFlag{Name: "fp16", Usage: "the same network in fp16, `FILE` to check too"},
			&cli.StringFlag{Name: "run", Value: filepath.Join(runsDir, latestRun), Usage: "the `RUN` that it was exported from"},
			&cli.StringFlag{Name: "data", Usage: "`DIR` with one folder of images per class"},
			&cli.BoolFlag{Name: "cpu-only", Usage: "take onnxruntime's CPU build, for a dry run"},
			&cli.BoolFlag{Name: "parts", Usage: "also split it into parts under 50 MiB, with a script that joins them"},
			&cli.BoolFlag{Name: "force", Usage: "replace a folder that is there"},
		},
		Action: gpuBundle,
	}
}

func gpuBundle(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("got %d folders, want one to write", c.NArg())
	}
	if c.String("data") == "" {
		return usagef("no --data: want a folder with one folder of images per class")
	}
	dir := filepath.Clean(c.Args().First())
	run, err := findRun(c.String("run"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err == nil && !c.Bool("force") {
		return fail(fmt.Errorf("%s is there already", dir), "--force replaces it")
	}
	libraries, err := bundledLibraries(c)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-")
	if err != nil {
		return fileError(err)
	}
	defer os.RemoveAll(tmp)
	w := bundleWriter{ctx: c.Context, dir: tmp, bundle: bundle{Version: version, Files: map[string]string{}}}
	w.copy(program, bundleProgram)
	w.copy(c.String("model"), bundleModel)
	if half := c.String("fp16"); half != "" {
		w.copy(half, bundleHalf)
	}
	for _, name := range []string{train.BestFile, train.ConfigFile, train.SplitFile} {
		w.copy(filepath.Join(run, name), bundleRun+"/"+name)
	}
	for name, path := range libraries {
		w.copy(path, bundleLibs+"/"+name)
	}
	w.copyTree(c.String("data"), bundleImages)
	if w.err != nil {
		return fileError(w.err)
	}
	if err := writeBundle(tmp, dir, w.bundle); err != nil {
		return fileError(err)
	}
	fmt.Fprintf(c.App.Writer, "%s: %d files\n", dir, len(w.bundle.Files))
	if !c.Bool("parts") {
		return nil
	}
	n, err := splitBundle(c.Context, dir, w.bundle)
	if err == nil {
		fmt.Fprintf(c.App.Writer, "%s.parts: %d parts; sh join.sh there joins them\n", dir, n)
	}
	return fileError(err)
}

// writeBundle adds the list of files and puts the folder in place.
func writeBundle(tmp, dir string, b bundle) error {
	f, err := os.Create(filepath.Join(tmp, bundleManifest))
	if err != nil {
		return err
	}
	if err := errors.Join(writeJSON(f, b), f.Close()); err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(tmp, 0o755), os.RemoveAll(dir)); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// bundledLibraries finds onnxruntime and what it needs, by name.
func bundledLibraries(c *cli.Context) (map[string]string, error) {
	build, remedy := ort.BuildCUDA, "flowerctl runtime install --cuda"
	if c.Bool("cpu-only") {
		build, remedy = ort.BuildCPU, "flowerctl runtime install"
	}
	library, err := ort.Find(build)
	if err != nil {
		return nil, fail(err, remedy)
	}
	libraries := map[string]string{bundleLibrary: library.Path}
	if build == ort.BuildCPU {
		return libraries, nil
	}
	for _, path := range library.Providers() {
		libraries[filepath.Base(path)] = path
	}
	for _, part := range ort.CUDAParts(library) {
		if part.Problem != "" {
			talk(c, "not in the folder: %s (%s)", part.Name, part.Problem)
		}
	}
	for _, path := range ort.CUDALibraries(library) {
		libraries[filepath.Base(path)] = path
	}
	return libraries, nil
}

// bundleWriter copies files and notes their hashes; after an error it does
// nothing.
type bundleWriter struct {
	ctx    context.Context
	dir    string
	bundle bundle
	err    error
}

func (w *bundleWriter) copy(from, name string) {
	if w.err = errors.Join(w.err, w.ctx.Err()); w.err != nil {
		return
	}
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if w.err = copyFile(from, path); w.err == nil {
		w.bundle.Files[name], w.err = hashOf(path)
	}
}

// copyTree copies the files below a folder, but for hidden ones.
func (w *bundleWriter) copyTree(from, name string) {
	err := fs.WalkDir(os.DirFS(from), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return underName(filepath.Join(from, filepath.FromSlash(path)), err)
		case path != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir():
			w.copy(filepath.Join(from, filepath.FromSlash(path)), name+"/"+path)
		}
		return w.err
	})
	w.err = cmp.Or(w.err, err)
}

func copyFile(from, to string) (err error) {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	_, err = io.Copy(w, r)
	return err
}
