package bundle

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Contents are the files that a bundle is made of, by path.
type Contents struct {
	Program   string
	Model     string
	Half      string            // the same network in fp16; "" for none
	Run       []string          // files of the run
	Libraries map[string]string // onnxruntime as Library, and what it needs, by name
	Images    string            // folder with one folder of images per class
	Version   string            // of the program
}

// Write writes the folder, in place of one that is there, complete or not at all.
func Write(ctx context.Context, dir string, c Contents) (*Manifest, error) {
	if _, inside := atomicfile.Inside(c.Images, dir); inside {
		return nil, &atomicfile.InsideError{Path: dir, Dir: c.Images}
	}
	m := &Manifest{Version: c.Version, Files: map[string]string{}}
	err := atomicfile.WriteDir(dir, true, func(temporary string) error {
		w := writer{ctx: ctx, dir: temporary, manifest: m}
		w.copyAll(c)
		if w.err != nil {
			return w.err
		}
		text, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(temporary, ManifestFile), append(text, '\n'), 0o666)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// named is an error about a file below a folder that was opened, with its whole path.
func named(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return &fs.PathError{Op: at.Op, Path: path, Err: at.Err}
	}
	return err
}

// writer copies files and notes their hashes; after an error it does
// nothing.
type writer struct {
	ctx      context.Context
	dir      string
	manifest *Manifest
	err      error
}

// copyAll copies the contents to their names in the folder.
func (w *writer) copyAll(c Contents) {
	w.copy(c.Program, Program)
	w.copy(c.Model, Model)
	if c.Half != "" {
		w.copy(c.Half, Half)
	}
	for _, path := range c.Run {
		w.copy(path, Run+"/"+filepath.Base(path))
	}
	for name, path := range c.Libraries {
		w.copy(path, Libs+"/"+name)
	}
	w.copyTree(c.Images, Images)
}

func (w *writer) copy(from, name string) {
	if w.err = errors.Join(w.err, w.ctx.Err()); w.err != nil {
		return
	}
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if w.err = copyFile(from, path); w.err == nil {
		w.manifest.Files[name], w.err = download.HashFile(path)
	}
}

// copyTree copies the files below a folder, except hidden ones.
func (w *writer) copyTree(from, name string) {
	err := fs.WalkDir(os.DirFS(from), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return named(filepath.Join(from, filepath.FromSlash(path)), err)
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
