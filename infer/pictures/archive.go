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
	bad := func(name string, err error) infer.Picture {
		return infer.Picture{Name: name, Err: fmt.Errorf("%s: %w", name, err)}
	}
	on := true
	err := archive.List(file, archive.Visitor{
		File: func(m archive.Member, _ io.Reader) error {
			if !on {
				return errEnough
			}
			if name := path.Base(m.Name); strings.HasPrefix(name, ".") || !imageprep.ImageName(name) {
				return nil // labels, and whatever else is beside pictures
			}
			if on = yield(infer.Picture{Name: file + "/" + m.Name, Reader: archive.Reader(m.Open)}); !on {
				return errEnough
			}
			return nil
		},
		LeftOut: func(name, reason string) {
			if on && imageprep.ImageName(name) {
				on = yield(bad(file+"/"+name, errors.New(reason)))
			}
		}})
	if on && err != nil {
		on = yield(bad(file, err))
	}
	return on
}
