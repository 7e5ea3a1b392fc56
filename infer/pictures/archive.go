package pictures

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/archive"
)

var errEnough = errors.New("enough")

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
	on := true
	err := list(archive.Visitor{
		File: func(m archive.Member, r io.Reader) error {
			if !on {
				return errEnough
			}
			if name := path.Base(m.Name); strings.HasPrefix(name, ".") || !imageprep.ImageName(name) {
				return nil // labels, and whatever else is beside pictures
			}
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
				on = yield(bad(called(name), errors.New(reason)))
			}
		}})
	if on && err != nil {
		on = yield(bad(file, err))
	}
	return on
}

// bad is a picture that has an error.
func bad(name string, err error) infer.Picture {
	return infer.Picture{Name: name, Err: fmt.Errorf("%s: %w", name, err)}
}
