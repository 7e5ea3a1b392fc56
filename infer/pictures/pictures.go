// Package pictures walks over pictures to answer for, in order: files, folders,
// patterns, objects of object stores and the standard input. Nothing is decoded here. It
// never imports training, export or gorgonia. Start at [List].
package pictures

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/rows"
	"github.com/flowerctl/flowerctl/train/archive"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/table"
	"github.com/flowerctl/flowerctl/train/textfile"
)

// Stdin is the argument that means the standard input.
const Stdin = "-"

// Arguments are what a user named. At most one of the names is Stdin.
type Arguments struct {
	Names []string // files, folders, patterns, Stdin
	Stdin io.Reader
	List  bool // the standard input has file names, one a line; else it is one image
	// Archives reads pictures in tar and zip files that are named; else they are files that
	// are no pictures.
	Archives bool
	// Objects are the stores that names such as s3://BUCKET/KEY are of; nil: there are none.
	Objects *objects.Stores
	// Tables opens tables that are named, Parquet files, whose pictures are in the column; nil:
	// there are none.
	Tables rows.Opener
	Column string // "": it is found
}

// Tags of pictures that nobody named.
const (
	fromFolder = 1 + iota // left out if it is not an image, unless it has an image's name
	notRegular            // a pipe or a device, which is not opened: left out
)

// LeftOut says whether a result is of a file in a folder that is not a picture. A
// damaged picture is one, and so is a file with the name of one.
func LeftOut(p infer.Picture, err error) bool {
	return p.Tag == notRegular || MayBeLeftOut(p) && errors.Is(err, imageprep.ErrNotImage)
}

// MayBeLeftOut says whether a picture is left out if it has not the bytes of one: it is from
// a folder, and has not the name of one either.
func MayBeLeftOut(p infer.Picture) bool {
	return p.Tag == fromFolder && !imageprep.ImageName(objects.Key(p.Name))
}

var errNotRegular = errors.New("not a regular file")

// ErrFolderLink is the error of a link to a folder within a folder, which is left out.
var ErrFolderLink = errors.New("a link to a folder, not followed")

// Many says whether the arguments mean more than one picture: all but a single file,
// or the single image on the standard input.
func (a Arguments) Many() bool {
	if len(a.Names) != 1 || a.Names[0] == Stdin {
		return len(a.Names) != 1 || a.List
	}
	if objects.Is(a.Names[0]) { // what it is only the store could say
		key := objects.Key(a.Names[0])
		return !imageprep.ImageName(key) || hasMeta(key)
	}
	info, err := os.Stat(a.Names[0])
	return err != nil || info.IsDir() || a.archive(a.Names[0]) || rows.Is(a.Names[0])
}

// archive says whether a file is opened as an archive; a compressed one is refused as one.
func (a Arguments) archive(name string) bool {
	return a.Archives && (archive.Is(name) || archive.Compressed(name))
}

// Holds is the error of a place where pictures are to be written, in a folder of the
// arguments: they would be listed with the others. It is an [*atomicfile.InsideError]. A
// path may be "" for no place.
func (a Arguments) Holds(path string) error {
	if path == "" {
		return nil
	}
	for _, arg := range a.Names {
		folders, err := filepath.Glob(arg)
		if err != nil || len(folders) == 0 {
			folders = []string{arg}
		}
		for _, folder := range folders {
			names, ok := atomicfile.Inside(folder, path)
			hidden := slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(s, ".") })
			if ok && !hidden {
				return &atomicfile.InsideError{Path: path, Dir: folder}
			}
		}
	}
	return nil
}

// String is the names as a message has them.
func (a Arguments) String() string {
	names := slices.Clone(a.Names)
	if i := slices.Index(names, Stdin); i >= 0 {
		names[i] = "the standard input"
	}
	return table.Some(names)
}

// packed says whether a file has pictures in it.
func (a Arguments) packed(name string) bool { return a.archive(name) || rows.Is(name) }

// Read reads the bytes of the pictures, up to most of them, and makes sure that they
// are images. What is left out of folders does not count; any other error ends it. Where
// there is none it is a [*NoneError].
func (a Arguments) Read(most int) ([][]byte, error) {
	var files [][]byte
	none := NoneError{In: a}
	decoder := new(imageprep.Decoder)
	for p := range List(a) {
		data, err := readPicture(decoder, p)
		if LeftOut(p, err) {
			none.LeftOut(p.Name)
			continue
		}
		if err != nil {
			return nil, err
		}
		if files = append(files, data); len(files) == most {
			break
		}
	}
	if len(files) == 0 {
		return nil, &none
	}
	return files, nil
}

// readPicture returns a copy of a picture's bytes. Its errors name the file.
func readPicture(decoder *imageprep.Decoder, p infer.Picture) (data []byte, err error) {
	if p.Err != nil {
		return nil, p.Err
	}
	err = decoder.View(p.Source(), func(bytes []byte, _ imageprep.Image) error {
		data = slices.Clone(bytes)
		return nil
	})
	return data, err
}

// List yields what the arguments mean: files, folders with all below them, and what
// matches patterns. Errors of listing are pictures with an Err.
func List(a Arguments) iter.Seq[infer.Picture] {
	return func(yield func(infer.Picture) bool) {
		for _, name := range a.Names {
			if !a.expand(name, yield) {
				return
			}
		}
	}
}

// expand yields the pictures of one argument; false means that the receiver has
// enough.
func (a Arguments) expand(arg string, yield func(infer.Picture) bool) bool {
	if arg == Stdin && a.List {
		return expandList(a.Stdin, func(p infer.Picture) bool { return yield(a.named(p)) })
	}
	if arg == Stdin {
		return yield(infer.Picture{Name: Stdin, Reader: a.Stdin})
	}
	if objects.Is(arg) {
		return a.expandObjects(arg, yield)
	}
	info, err := os.Stat(arg)
	if err == nil && info.IsDir() {
		return expandFolder(arg, yield)
	}
	if err == nil && info.Mode().IsRegular() && a.packed(arg) {
		return a.expandPacked(arg, yield)
	}
	if err == nil || !hasMeta(arg) {
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
		} else if err == nil && info.Mode().IsRegular() && a.packed(match) {
			if !a.expandPacked(match, yield) {
				return false
			}
		} else if !yield(infer.Picture{Name: match}) {
			return false
		}
	}
	return true
}

// maxName is how long a name in a list may be, in bytes: longer than any system's
// paths.
const maxName = 64 << 10

// expandList reads names from a list, one a line, as they come.
func expandList(r io.Reader, yield func(infer.Picture) bool) bool {
	for lines := bufio.NewReaderSize(textfile.NewReader(r), maxName); ; {
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
			return yield(infer.Picture{Name: Stdin, Err: fmt.Errorf("list of file names: %w", err)})
		}
	}
}

// inFolder is the file of that name in a folder.
func inFolder(name string, entry fs.DirEntry) infer.Picture {
	kind := entry.Type()
	if kind&fs.ModeSymlink != 0 {
		info, err := os.Stat(name)
		if err != nil {
			return infer.Picture{Name: name, Err: underName(name, err)}
		}
		kind = info.Mode().Type()
	}
	if kind.IsDir() { // it could lead back here
		return infer.Picture{Name: name, Tag: notRegular, Err: ErrFolderLink}
	}
	if !kind.IsRegular() { // opening a pipe would wait for who writes into it
		return infer.Picture{Name: name, Tag: notRegular, Err: errNotRegular}
	}
	return infer.Picture{Name: name, Tag: fromFolder}
}

// expandFolder yields the files below a folder in the order of their names, without
// hidden ones. Links to files count, links to folders do not; pipes and devices are
// left out.
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

// underName is an error of the file system with the full name in front. Errors of
// os.DirFS name the path within the folder only.
func underName(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}
