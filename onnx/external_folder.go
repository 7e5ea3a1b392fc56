package onnx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder is where an ONNX file is. The last file that was opened there stays open.
type folder struct {
	root     *os.Root
	dir      string // of the file itself, without links
	named    string // of the path that was given
	last     outsideFile
	location string // of last; "" for none
}

// outsideFile is an open file with values.
type outsideFile struct {
	*os.File
	size int64
}

// openFolder opens the folder of the file at path, or of the one that it is a link to:
// the files belong to the file itself, not to who links to it.
func openFolder(path string) (*folder, error) {
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: filepath.Dir(file), named: filepath.Dir(path)}
	f.root, err = os.OpenRoot(f.dir)
	return f, err
}

func (f *folder) close() {
	f.closeLast()
	f.root.Close() // it was only read
}

func (f *folder) closeLast() {
	if f.location != "" {
		f.last.Close()
		f.location = ""
	}
}

// open opens the file at a location, which the next call may close.
func (f *folder) open(location string) (outsideFile, error) {
	if f.location == location && location != "" {
		return f.last, nil
	}
	if err := checkLocation(location); err != nil {
		return outsideFile{}, err
	}
	f.closeLast()
	path := filepath.FromSlash(location)
	info, err := f.root.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if linked := f.linked(path); linked != "" {
			path = linked
			info, err = f.root.Stat(path)
		}
	}
	if err != nil {
		return outsideFile{}, f.missing(path, err)
	}
	if err := checkData(info); err != nil { // opening a pipe would wait for its writer
		return outsideFile{}, err
	}
	file, err := f.root.Open(path)
	if err != nil {
		return outsideFile{}, f.missing(path, err)
	}
	if info, err = file.Stat(); err == nil {
		err = checkData(info)
	}
	if err != nil {
		return outsideFile{}, errors.Join(err, file.Close())
	}
	f.last, f.location = outsideFile{file, info.Size()}, location
	return f.last, nil
}

// linked is the path in the folder of a file that is only beside the link to the ONNX
// file, and is a link into the folder itself: a cache that stores files by their hash
// has such. It is "" where there is none.
func (f *folder) linked(path string) string {
	target, err := filepath.EvalSymlinks(filepath.Join(f.named, path))
	if err != nil {
		return ""
	}
	dir, err := filepath.Abs(f.dir)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	if err != nil {
		return ""
	}
	inside, err := filepath.Rel(dir, target)
	if err != nil || !filepath.IsLocal(inside) {
		return ""
	}
	return inside
}

// missing says why a file could not be opened.
func (f *folder) missing(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no such file in the folder %s", f.dir)
	}
	if _, other := filepath.EvalSymlinks(filepath.Join(f.dir, path)); other == nil &&
		!errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("it is a link out of the folder %s", f.dir)
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// checkLocation refuses paths that do not stay in a folder.
func checkLocation(location string) error {
	isSlash := func(r rune) bool { return r == '/' || r == '\\' }
	switch {
	case location == "":
		return errors.New("it has no name")
	case filepath.IsAbs(location) || isSlash(rune(location[0])):
		return errors.New("an absolute path, want one in the folder of the ONNX file")
	case slices.Contains(strings.FieldsFunc(location, isSlash), ".."),
		!filepath.IsLocal(filepath.FromSlash(location)):
		return errors.New("a path out of the folder of the ONNX file")
	}
	return nil
}

// checkData refuses what is not a file of its own.
func checkData(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	if n := hardLinks(info); n > 1 {
		return fmt.Errorf("it has %d names (hard links), and may belong elsewhere: want a copy", n)
	}
	return nil
}
