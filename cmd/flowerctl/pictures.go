package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Tags of pictures that nobody named.
const (
	fromFolder = 1 + iota // left out if it is no image, unless it has an image's name
	noFile                // a pipe or a device, which is not opened: left out
)

// leftOut says whether a result is of something in a folder that is no picture. A
// damaged picture is one still.
func leftOut(tag int, name string, err error) bool {
	return tag == noFile || tag == fromFolder && errors.Is(err, imageprep.ErrNotImage) && !imageprep.ImageName(name)
}

var errNoFile = errors.New("no file")

// many says whether the arguments name more than one picture: whatever is not a
// single file, or the standard input's single image.
func many(args []string, list bool) bool {
	if len(args) != 1 || args[0] == "-" {
		return len(args) != 1 || list
	}
	info, err := os.Stat(args[0])
	return err != nil || info.IsDir()
}

// pictures lists what the arguments mean: files, folders with all below them,
// patterns, and "-" for the standard input, which is one image, or a list of
// file names where list is set.
func pictures(args []string, stdin io.Reader, list bool) iter.Seq[infer.Picture] {
	return func(yield func(infer.Picture) bool) {
		for _, arg := range args {
			if !expand(arg, stdin, list, yield) {
				return
			}
		}
	}
}

// expand yields the pictures of one argument; false means that the receiver has
// enough.
func expand(arg string, stdin io.Reader, list bool, yield func(infer.Picture) bool) bool {
	if arg == "-" && list {
		return expandList(stdin, yield)
	}
	if arg == "-" {
		return yield(infer.Picture{Name: "-", Reader: stdin})
	}
	info, err := os.Stat(arg)
	if err == nil && info.IsDir() {
		return expandFolder(arg, yield)
	}
	if err == nil || !strings.ContainsAny(arg, "*?[") {
		return yield(infer.Picture{Name: arg})
	}
	matches, err := filepath.Glob(arg)
	if err == nil && len(matches) == 0 {
		err = noMatch(arg)
	}
	if err != nil {
		return yield(infer.Picture{Name: arg, Err: fmt.Errorf("%s: %w", arg, err)})
	}
	for _, match := range matches {
		if info, err := os.Stat(match); err == nil && info.IsDir() {
			if !expandFolder(match, yield) {
				return false
			}
		} else if !yield(infer.Picture{Name: match}) {
			return false
		}
	}
	return true
}

// noMatch says why no file matches a pattern. Glob takes a folder that cannot be
// read for an empty one.
func noMatch(pattern string) error {
	dir := filepath.Dir(pattern)
	if !strings.ContainsAny(dir, "*?[") {
		if _, err := os.ReadDir(dir); errors.Is(err, fs.ErrPermission) {
			return underName(dir, err)
		}
	}
	return errors.New("no file has such a name")
}

// maxName is how long a name in a list may be, bytes: more than any system's paths.
const maxName = 64 << 10

// expandList reads names from a list, one a line, as they come.
func expandList(r io.Reader, yield func(infer.Picture) bool) bool {
	for lines := bufio.NewReaderSize(r, maxName); ; {
		line, err := lines.ReadSlice('\n')
		p := infer.Picture{Name: strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")}
		if errors.Is(err, bufio.ErrBufferFull) {
			p.Name = p.Name[:40] + "..."
			p.Err = fmt.Errorf("%s: list of file names: a line of more than %d bytes", p.Name, maxName)
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = lines.ReadSlice('\n')
			}
		}
		if p.Name != "" && !yield(p) {
			return false
		}
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return yield(infer.Picture{Name: "-", Err: fmt.Errorf("list of file names: %w", err)})
		}
	}
}

// inFolder is what stands in a folder under that name.
func inFolder(name string, entry fs.DirEntry) infer.Picture {
	kind := entry.Type()
	if kind&fs.ModeSymlink != 0 {
		info, err := os.Stat(name)
		if err != nil {
			return infer.Picture{Name: name, Err: fileError(err)}
		}
		kind = info.Mode().Type()
	}
	if !kind.IsRegular() { // opening a pipe would wait for who writes into it
		return infer.Picture{Name: name, Tag: noFile, Err: errNoFile}
	}
	return infer.Picture{Name: name, Tag: fromFolder}
}

// expandFolder yields the files below a folder in the order of their names, but
// for hidden ones. Links to files count, links to folders do not; pipes and devices
// are left out.
func expandFolder(root string, yield func(infer.Picture) bool) bool {
	on := true
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		name := filepath.Join(root, filepath.FromSlash(path))
		hidden := path != "." && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			on = yield(infer.Picture{Name: name, Err: underName(name, err)})
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir():
			return nil
		default:
			on = yield(inFolder(name, entry))
		}
		if !on {
			return fs.SkipAll
		}
		return nil
	})
	if on && err != nil {
		on = yield(infer.Picture{Name: root, Err: underName(root, err)})
	}
	return on
}

// underName gives an error of os.DirFS, which names a path within the folder, the
// whole name.
func underName(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}
