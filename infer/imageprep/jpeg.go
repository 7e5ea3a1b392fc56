package imageprep

import (
	"errors"
	"image"

	"github.com/flowerctl/flowerctl/infer/imageprep/internal/jpeg"
)

// maxBlockVisits limits how many times the scans of a JPEG go over a block of 8x8,
// and so the time that decoding takes. The largest image allowed has 2 million
// blocks in 4:4:4, and the scans of an ordinary progressive image go over each up
// to 6 times. A hostile file could have a million scans of 10 bytes.
const maxBlockVisits = 32 << 20

func isJPEG(data []byte) bool {
	return len(data) >= 3 && string(data[:3]) == "\xff\xd8\xff"
}

func parseJPEG(data []byte) (header, error) {
	f, err := jpegFrame(data)
	if err != nil {
		return header{}, err
	}
	h := header{w: f.W, h: f.H, orientation: orientationOf(f.EXIF, f.XMP)}
	h.peak, h.decoded = f.Memory()
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

// jpegKind is the kind of an error of the decoder.
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
