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

// fromFolder marks the pictures that nobody named: what is no image among them
// is left out.
const fromFolder = 1

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
		data, err := io.ReadAll(io.LimitReader(stdin, imageprep.MaxFile+1))
		if data == nil {
			data = []byte{}
		}
		return yield(infer.Picture{Name: "-", Data: data, Err: err})
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
		err = errors.New("no file has such a name")
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

// expandList reads names from a list, one a line, as they come.
func expandList(r io.Reader, yield func(infer.Picture) bool) bool {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if name := strings.TrimSuffix(lines.Text(), "\r"); name != "" {
			if !yield(infer.Picture{Name: name}) {
				return false
			}
		}
	}
	if err := lines.Err(); err != nil {
		return yield(infer.Picture{Name: "-", Err: fmt.Errorf("list of file names: %w", err)})
	}
	return true
}

// expandFolder yields the files below a folder in the order of their names, but
// for hidden ones. Links to files count, links to folders do not.
func expandFolder(root string, yield func(infer.Picture) bool) bool {
	on := true
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		name := filepath.Join(root, filepath.FromSlash(path))
		hidden := path != "." && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			on = yield(infer.Picture{Name: name, Err: fileError(err)})
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || entry.IsDir():
			return nil
		default:
			on = yield(infer.Picture{Name: name, Tag: fromFolder})
		}
		if !on {
			return fs.SkipAll
		}
		return nil
	})
	if on && err != nil {
		on = yield(infer.Picture{Name: root, Err: fileError(err)})
	}
	return on
}
