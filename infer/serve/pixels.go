package serve

import (
	"bytes"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"net/http"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// checkPixels refuses a picture of more pixels than that from its header. What is no
// picture, or makes a library panic, is left to the decoder, which has limits of its own.
func checkPixels(data []byte, pixels int) (err error) {
	defer func() {
		if recover() != nil {
			err = nil
		}
	}()
	if pixels >= imageprep.MaxPixels {
		return nil
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width <= pixels/c.Height {
		return nil
	}
	return errorf(http.StatusRequestEntityTooLarge, "image too large (%s: %d x %d pixels, at most %d)",
		format, c.Width, c.Height, pixels)
}
