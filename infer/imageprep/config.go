// Package imageprep is the only way from the bytes of an image file to the
// pixels that a network sees, in training and in inference: it decodes, turns
// by the EXIF orientation, converts to RGB over white, and resizes to a square
// of uint8. It never imports gorgonia or onnxruntime. Start at [Decoder.Prepare].
//
// The bytes may come from anyone. The header of every format is read first, by
// code of this package that allocates nothing, and an image that would be too
// large is refused there: see [MaxPixels], [MaxSide] and [Decoder].
package imageprep

import (
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep/internal/jpeg"
)

// Config says how an image becomes the network's input. It travels in the
// checkpoint and in the ONNX file's metadata.
type Config struct {
	Size   int    `json:"size"`   // side of the square, pixels
	Resize Resize `json:"resize"` // stretch unless said
}

// Resize is how a rectangle becomes a square. Both are bilinear with
// antialiasing and half-pixel centres: ONNX Resize(linear, half_pixel,
// antialias=1) to within one grey level.
type Resize string

// The ways to resize.
const (
	Stretch Resize = "stretch" // the aspect ratio is not kept, as in the original study
	Crop    Resize = "crop"    // the shorter side to Size, then the centre
)

// MaxSize is the largest Config.Size, pixels: beyond what any network of this
// kind takes, and a bound for what a file from elsewhere can make us allocate.
const MaxSize = 4096

// Validate returns an error unless c can be applied: a Size from 1 to
// [MaxSize], and Resize one of stretch, crop or empty (which means stretch).
func (c Config) Validate() error {
	if c.Size < 1 || c.Size > MaxSize {
		return fmt.Errorf("imageprep: size is %d, want 1 to %d", c.Size, MaxSize)
	}
	switch c.Resize {
	case "", Stretch, Crop:
		return nil
	}
	return fmt.Errorf("imageprep: resize is %q, want %s or %s", c.Resize, Stretch, Crop)
}

// Image is RGB, 8 bits a channel, rows of pixels without gaps: H*W*3 bytes.
type Image struct {
	W, H int
	Pix  []uint8
}

// Engines are what decodes JPEG and what resizes in this build on this machine:
// "libjpeg-turbo" or "go", "AVX2" or "go". The pixels are the same.
func Engines() (decoder, resizer string) {
	decoder, resizer = "go", "go"
	if jpeg.Turbo {
		decoder = "libjpeg-turbo"
	}
	if vectors {
		resizer = "AVX2"
	}
	return decoder, resizer
}

// newImage allocates a black image.
func newImage(w, h int) Image {
	return Image{W: w, H: h, Pix: make([]uint8, 3*w*h)}
}
