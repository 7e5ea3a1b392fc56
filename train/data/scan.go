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
	// Exclude names files to leave out, whatever they are; nil names none. How many they
	// were is in Set.Excluded.
	Exclude *Exclusion
	// Folder is what names the folder where the user asks for it, for hints; "" is --data.
	Folder string
}

// Scan lists the images of a folder with a folder for each class, or with folders
// train (training), val (valid, validation, dev) and test (testing, eval) that have
// those. The case of these names does not matter, nor does the ending of a file: its
// first bytes say whether it is an image. Folders inside a class belong to it, unless
// they have the names of parts: these are refused, as are parts beside other folders
// with images, and class names with control characters. Labels are the names of the
// class folders, in the Unicode form NFC, in byte order.
//
// Hidden and stray files and empty class folders are left out and listed in Problems.
//
// Where dir is a tar or zip file, a folder of them or a pattern, the set is what is in
// them: see [FindShards].
//
// Nothing is decoded: [Load] does that. It is an error if dir is missing, is not a
// folder, or has fewer than two classes.
func Scan(ctx context.Context, dir string, opts ScanOptions) (*Set, error) {
	if strings.Contains(dir, "://") {
		return nil, fmt.Errorf("data %s: a URL, want a folder", dir)
	}
	if shards, err := FindShards(dir); err != nil {
		return nil, err
	} else if shards != nil {
		return scanShards(ctx, shards, opts)
	}
	sc := scanner{ctx: ctx, opts: opts, set: &Set{Dir: dir}, excluded: map[int]bool{},
		hinted: map[string]bool{}}
	if err := sc.scan(); err != nil {
		return nil, err
	}
	sc.set.NotFound = sc.notFound()
	return sc.set, nil
}

// scanner is the state of one Scan.
type scanner struct {
	ctx  context.Context
	opts ScanOptions
	set  *Set
	// excluded are the files of opts.Exclude that were there, by their place in it.
	excluded map[int]bool
	// hinted are the kinds of image that are not read and were said how to convert.
	hinted map[string]bool
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
	parts, err := sc.layout(folders)
	if err != nil {
		return err
	}
	all, classes, err := sc.list(folders, parts)
	if err != nil {
		return err
	}
	slices.Sort(classes)
	sc.set.Labels = slices.Compact(classes)
	for _, f := range all {
		class, _ := slices.BinarySearch(sc.set.Labels, f.class)
		sc.set.Items = append(sc.set.Items, Item{Path: f.path, Class: class, Part: f.part})
	}
	slices.SortFunc(sc.set.Items, func(a, b Item) int { return cmp.Compare(a.Path, b.Path) })
	if err := sc.checkClasses(folders, len(parts) > 0); err != nil {
		return err
	}
	if err := sc.checkInside(all); err != nil {
		return err
	}
	sc.noteSameInside(all)
	return sc.nearMisses(all)
}

// list lists the images of the parts, or of the class folders where there are none.
func (sc *scanner) list(folders, parts []string) (all []found, classes []string, err error) {
	if len(parts) == 0 {
		return sc.classes("", folders, "")
	}
	for _, f := range folders {
		within, inner := f, []string(nil)
		if slices.Contains(parts, f) {
			inner, err = sc.folders(f)
		} else {
			within, inner = "", []string{f} // has no picture, and is reported
		}
		if err != nil {
			return nil, nil, err
		}
		got, names, err := sc.classes(within, inner, partOf(f))
		if err != nil {
			return nil, nil, err
		}
		all, classes = append(all, got...), append(classes, names...)
	}
	return all, classes, nil
}

func (sc *scanner) checkClasses(folders []string, split bool) error {
	const want = "want a folder for each class, with its images inside"
	switch len(sc.set.Labels) {
	case 0:
		return fmt.Errorf("data %s: no images in class folders: %s", sc.set.Dir, want)
	case 1:
		return sc.oneClass(sc.set.Labels[0], folders, split)
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
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		before := sc.set.Excluded
		paths, err := sc.images(path.Join(rel, name))
		if err != nil {
			return nil, nil, err
		}
		if len(paths) == 0 {
			why := "no image inside, not a class"
			if sc.set.Excluded > before {
				why = "all its images are left out by " + sc.opts.Exclude.File + ", not a class"
			}
			sc.set.report(path.Join(rel, name), EmptyClass, why)
			continue
		}
		class, err := className(name)
		if err != nil {
			return nil, nil, fmt.Errorf("data %s: class %w: give the folder another name", sc.set.Dir, err)
		}
		if seen[class] {
			sc.set.report(path.Join(rel, name), Name, "the name of another class folder in another "+
				"Unicode form: both are the class "+class)
		}
		seen[class], with = true, append(with, class)
		for _, p := range paths {
			all = append(all, found{path: p, class: class, part: part})
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
		if !e.IsDir() && sc.isDir(p, e) { // it could lead back here
			sc.set.report(p, Stray, "a link to a folder, not followed: its pictures are left out")
			continue
		}
		if e.IsDir() {
			inner, err := sc.images(p)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		if sc.excludes(p) {
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
	ok, err := sniff(sc.file(rel))
	return sc.judge(rel, ok, err)
}

// judge is what becomes of a file that starts like an image or not.
func (sc *scanner) judge(rel string, ok bool, err error) (bool, error) {
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
	text := err.Error()
	var image *imageprep.Error
	if errors.As(err, &image) && !sc.hinted[text] { // a telephone's pictures may be thousands
		sc.hinted[text] = true
		text += "; " + image.Hint()
	}
	sc.set.report(rel, Unreadable, text)
	return false, nil
}
