package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// ScanOptions says how a folder is listed. The zero value is the default.
type ScanOptions struct {
	// Strict makes the first file that is named like an image but is none an error.
	Strict bool
}

// Scan lists the images of a folder with a folder for each class, or with folders
// train, val (valid, validation) and test that have those. The case of these names
// does not matter, nor does the ending of a file: its first bytes say whether it is
// an image. Folders inside a class belong to it. Labels are the names of the class
// folders in byte order.
//
// Hidden and stray files and empty class folders are left out and listed in Problems.
// Nothing is decoded: [Load] does that. It is an error if dir is missing, is not a
// folder, or has fewer than two classes.
func Scan(ctx context.Context, dir string, opts ScanOptions) (*Set, error) {
	sc := scanner{ctx: ctx, opts: opts, set: &Set{Dir: dir}}
	if err := sc.scan(); err != nil {
		return nil, err
	}
	return sc.set, nil
}

// partNames are the folders of a set that is split already, in lower case.
var partNames = map[string]Part{
	"train": Train, "training": Train,
	"val": Val, "valid": Val, "validation": Val,
	"test": Test, "testing": Test,
}

// scanner is the state of one Scan.
type scanner struct {
	ctx  context.Context
	opts ScanOptions
	set  *Set
}

// found is an image and the name of its class.
type found struct {
	path, class string
	part        Part
}

func (sc *scanner) scan() error {
	folders, err := sc.folders("")
	if err != nil {
		return err
	}
	var all []found
	var classes []string
	if isSplit(folders) {
		for _, f := range folders {
			inner, err := sc.folders(f)
			if err != nil {
				return err
			}
			got, names, err := sc.classes(f, inner, partNames[strings.ToLower(f)])
			if err != nil {
				return err
			}
			all, classes = append(all, got...), append(classes, names...)
		}
	} else if all, classes, err = sc.classes("", folders, ""); err != nil {
		return err
	}
	slices.Sort(classes)
	sc.set.Labels = slices.Compact(classes)
	if err := sc.checkClasses(); err != nil {
		return err
	}
	for _, f := range all {
		class, _ := slices.BinarySearch(sc.set.Labels, f.class)
		sc.set.Items = append(sc.set.Items, Item{Path: f.path, Class: class, Part: f.part})
	}
	slices.SortFunc(sc.set.Items, func(a, b Item) int { return cmp.Compare(a.Path, b.Path) })
	return nil
}

// isSplit reports whether the folders are parts, not classes: all have names of
// parts, and one is train.
func isSplit(folders []string) bool {
	train := false
	for _, f := range folders {
		p, ok := partNames[strings.ToLower(f)]
		if !ok {
			return false
		}
		train = train || p == Train
	}
	return train
}

func (sc *scanner) checkClasses() error {
	const want = "want a folder for each class, with its images inside"
	switch len(sc.set.Labels) {
	case 0:
		return fmt.Errorf("data %s: no images in class folders: %s", sc.set.Dir, want)
	case 1:
		return fmt.Errorf("data %s: only one class, %q: a classifier needs two or more",
			sc.set.Dir, sc.set.Labels[0])
	}
	return nil
}

// folders lists the folders in rel and reports the files beside them as stray.
func (sc *scanner) folders(rel string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(sc.set.Dir, filepath.FromSlash(rel)))
	if err != nil {
		return nil, listError(sc.set.Dir, err)
	}
	var out []string
	for _, e := range entries {
		p := path.Join(rel, e.Name())
		switch {
		case hidden(e.Name()):
			sc.set.report(p, Hidden, "hidden, left out")
		case sc.isDir(p, e):
			out = append(out, e.Name())
		default:
			sc.set.report(p, Stray, "not in a class folder, left out")
		}
	}
	return out, nil
}

func listError(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("data %s: no such folder", dir)
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		if info, serr := os.Stat(dir); serr == nil && !info.IsDir() {
			return fmt.Errorf("data %s: a file, want a folder with a folder for each class", dir)
		}
	}
	return fmt.Errorf("data %s: %w", dir, err)
}

// isDir follows symbolic links, which data sets are often made of.
func (sc *scanner) isDir(rel string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(sc.set.Dir, filepath.FromSlash(rel)))
	return err == nil && info.IsDir()
}

// classes lists the images of the class folders inside the folder rel, and the
// names of those that have any.
func (sc *scanner) classes(rel string, names []string, part Part) ([]found, []string, error) {
	var all []found
	var with []string
	for _, name := range names {
		paths, err := sc.images(path.Join(rel, name))
		if err != nil {
			return nil, nil, err
		}
		if len(paths) == 0 {
			sc.set.report(path.Join(rel, name), EmptyClass, "no image inside, not a class")
			continue
		}
		with = append(with, name)
		for _, p := range paths {
			all = append(all, found{path: p, class: name, part: part})
		}
	}
	return all, with, nil
}

// images lists the images in the folder rel and below.
func (sc *scanner) images(rel string) ([]string, error) {
	if err := sc.ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(sc.set.Dir, filepath.FromSlash(rel)))
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", sc.set.Dir, err)
	}
	var out []string
	for _, e := range entries {
		p := path.Join(rel, e.Name())
		if hidden(e.Name()) {
			sc.set.report(p, Hidden, "hidden, left out")
			continue
		}
		if e.IsDir() { // a link to a folder is not followed: it could lead back here
			inner, err := sc.images(p)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		ok, err := sc.isImage(p)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, p)
		}
	}
	return out, nil
}

// isImage looks at a file's first bytes. A file that is no image is reported.
func (sc *scanner) isImage(rel string) (bool, error) {
	ok, err := sniff(filepath.Join(sc.set.Dir, filepath.FromSlash(rel)))
	switch {
	case ok:
		return true, nil
	case err == nil && !imageprep.ImageName(rel):
		sc.set.report(rel, Stray, "not an image, left out")
		return false, nil
	case err == nil:
		err = errors.New("not an image, whatever its name says")
	}
	if sc.opts.Strict {
		return false, fmt.Errorf("data %s: %s: %w", sc.set.Dir, rel, err)
	}
	sc.set.report(rel, Unreadable, err.Error())
	return false, nil
}
