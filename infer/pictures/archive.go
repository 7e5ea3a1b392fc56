package pictures

import (
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/archive"
)

var errEnough = errors.New("enough")

// NoneError says that no picture is where some were looked for.
type NoneError struct {
	In      Arguments // where
	Archive string    // the first tar or zip file that was left out of a folder; "": none was
}

func (e *NoneError) Error() string { return e.In.String() + ": no images there" }

// Hint says how pictures in archives are read, where archives were left out.
func (e *NoneError) Hint() string {
	if e.Archive == "" {
		return ""
	}
	pattern := filepath.Join(filepath.Dir(e.Archive), "*"+filepath.Ext(e.Archive))
	return e.Archive + " may have pictures in it: tar and zip files are read where they are named, as in " +
		pattern
}

// LeftOut notes what was left out of a folder.
func (e *NoneError) LeftOut(name string) {
	if e.Archive == "" && archive.Is(name) {
		e.Archive = name
	}
}

// expandArchive yields the pictures in a tar or zip file, in its order, as those of a
// folder. They are called by its name and theirs.
func expandArchive(file string, yield func(infer.Picture) bool) bool {
	called := func(member string) string { return file + "/" + member }
	list := func(v archive.Visitor) error { return archive.List(file, v) }
	picture := func(m archive.Member, _ io.Reader) (infer.Picture, error) {
		return infer.Picture{From: m}, nil
	}
	return expandWith(file, called, yield, list, picture)
}

// expandWith yields the pictures that list finds in an archive, as picture gives them.
func expandWith(file string, called func(member string) string, yield func(infer.Picture) bool,
	list func(archive.Visitor) error,
	picture func(archive.Member, io.Reader) (infer.Picture, error)) bool {
	on, any := true, false
	err := list(archive.Visitor{
		File: func(m archive.Member, r io.Reader) error {
			if !on {
				return errEnough
			}
			if name := path.Base(m.Name); strings.HasPrefix(name, ".") || !imageprep.ImageName(name) {
				return nil // labels, and whatever else is beside pictures
			}
			any = true
			p, err := picture(m, r)
			if err != nil {
				return err
			}
			if p.Name = called(m.Name); !yield(p) {
				on = false
				return errEnough
			}
			return nil
		},
		LeftOut: func(name, reason string) {
			if on && imageprep.ImageName(name) {
				any = true
				on = yield(bad(called(name), errors.New(reason)))
			}
		}})
	if err == nil && !any {
		err = errors.New("no picture in it")
	}
	if on && err != nil {
		on = yield(bad(file, err))
	}
	return on
}

// bad is a picture that has an error.
func bad(name string, err error) infer.Picture {
	return infer.Picture{Name: name, Err: fmt.Errorf("%s: %w", name, err)}
}
