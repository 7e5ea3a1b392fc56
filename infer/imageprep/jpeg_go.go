package imageprep

import (
	"bytes"
	"image"
	"image/jpeg"
)

// jpegDecode decodes with the standard library.
func jpegDecode(data []byte) (image.Image, error) {
	return jpeg.Decode(bytes.NewReader(data))
}
