package imageprep

import (
	"errors"
	"image"

	"github.com/flowerctl/flowerctl/infer/imageprep/internal/jpeg"
)

// maxBlockVisits bounds the time a JPEG can take: how often its scans may go
// over a block of 8x8. The largest image allowed has 2 million blocks in 4:4:4,
// and an ordinary progressive one goes over each up to 6 times; a hostile one
// would spend 10 bytes on each of a million scans.
const maxBlockVisits = 32 << 20

func isJPEG(data []byte) bool {
	return len(data) >= 3 && string(data[:3]) == "\xff\xd8\xff"
}

func parseJPEG(data []byte) (header, error) {
	f, err := jpegFrame(data)
	if err != nil {
		return header{}, err
	}
	h := header{w: f.W, h: f.H, orientation: exifOrientation(f.EXIF)}
	h.peak, h.kept = f.Memory()
	h.decode = func() (picture, error) { return decodeJPEG(f) }
	return h, nil
}

func jpegFrame(data []byte) (*jpeg.Frame, error) {
	f, err := jpeg.Parse(data, func(w, h int) error { return checkSize("jpeg", w, h) })
	if err != nil {
		return nil, err
	}
	if f.Visits > maxBlockVisits {
		return nil, tooLarge("jpeg", "%d x %d pixels in too many scans", f.W, f.H)
	}
	return f, nil
}

// jpegKind sorts the decoder's errors.
func jpegKind(err error) error {
	var cut jpeg.TruncatedError
	var feature jpeg.UnsupportedError
	switch {
	case errors.As(err, &cut):
		return ErrTruncated
	case errors.As(err, &feature):
		return ErrUnsupported
	}
	return ErrDamaged
}

func decodeJPEG(f *jpeg.Frame) (picture, error) {
	p, err := f.Decode()
	if err != nil {
		return picture{}, err
	}
	return picture{bounds: image.Rect(0, 0, f.W, f.H), rows: p.Rows().Read, release: p.Release}, nil
}
