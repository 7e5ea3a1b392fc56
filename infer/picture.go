package infer

import (
	"io"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Picture is one image to answer for.
type Picture struct {
	Name string // of the file, or what to call it
	Data []byte // the bytes of the image; nil means to read the file
	// Reader holds the image where neither Data nor a file does; it is read when the
	// picture is decoded, at the same time as other pictures are.
	Reader io.Reader
	// From is opened, read and closed like Reader, in place of it.
	From Opener
	Err  error // if set, it is the result's, and nothing is read
	Tag  int   // for the caller
}

// Opener is an image that is opened when it is read, such as one in an archive or an object
// store.
type Opener interface {
	// Open opens it. The reader may have a method Size; see imageprep.Sizer.
	Open() (io.ReadCloser, error)
}

// Source is where the bytes of the picture are, unless it has an Err.
func (p Picture) Source() imageprep.Source {
	switch {
	case p.Data != nil:
		return imageprep.Bytes(p.Data)
	case p.From != nil:
		return imageprep.Opened(p.Name, p.From.Open)
	case p.Reader != nil:
		return imageprep.Reader(p.Name, p.Reader)
	}
	return imageprep.File(p.Name)
}
