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

// Config says how an image becomes the input of a network. Checkpoints and the
// metadata of ONNX files contain it.
type Config struct {
	Size   int    `json:"size"`   // side of the square, pixels
	Resize Resize `json:"resize"` // empty means stretch
	// CropShare is the share of the shorter side that Crop leaves, and of both sides
	// that Stretch does, above 0 and up to 1, which 0 means too: at 0.875 a square of 224
	// is cut out of one of 256.
	CropShare float64 `json:"crop_share,omitempty"`
	// Interpolation is empty for bilinear, the one that training has.
	Interpolation Interpolation `json:"interpolation,omitempty"`
}

// Resize is how a rectangle becomes a square. All are antialiased with half-pixel
// centres; bilinear ones are ONNX Resize(linear, half_pixel, antialias=1) to within one
// grey level.
type Resize string

// The ways to resize.
const (
	Stretch Resize = "stretch" // the aspect ratio is not kept, as in the original study
	Crop    Resize = "crop"    // the shorter side to Size, or Size/CropShare, then the centre
	// Letterbox makes the longer side Size, and fills the rest on both sides with the
	// grey of Ultralytics, 114. It is for files from elsewhere.
	Letterbox Resize = "letterbox"
)

// Interpolation is the filter of a resize.
type Interpolation string

// The filters, as Pillow has them. Bicubic is for files from elsewhere.
const (
	Bilinear Interpolation = "bilinear"
	Bicubic  Interpolation = "bicubic"
)

// MaxSize is the largest Config.Size, in pixels. It is more than any network of this
// kind takes, and limits what a file from elsewhere can make a program allocate.
const MaxSize = 4096

// Validate returns an error unless Size is from 1 to [MaxSize], and the others are
// among those named here.
func (c Config) Validate() error {
	if c.Size < 1 || c.Size > MaxSize {
		return fmt.Errorf("imageprep: size is %d, want 1 to %d", c.Size, MaxSize)
	}
	switch c.Resize {
	case "", Stretch, Crop, Letterbox:
	default:
		return fmt.Errorf("imageprep: resize is %q, want %s, %s or %s", c.Resize, Stretch, Crop,
			Letterbox)
	}
	switch c.Interpolation {
	case "", Bilinear, Bicubic:
	default:
		return fmt.Errorf("imageprep: interpolation is %q, want %s or %s", c.Interpolation, Bilinear,
			Bicubic)
	}
	if c.CropShare != 0 && !(c.CropShare >= minCropShare && c.CropShare <= 1) {
		return fmt.Errorf("imageprep: crop share is %v, want %v to 1", c.CropShare, minCropShare)
	}
	if c.CropShare != 0 && c.CropShare != 1 && c.Resize == Letterbox {
		return fmt.Errorf("imageprep: crop share is %v, without effect on resize %s", c.CropShare,
			Letterbox)
	}
	return nil
}

// minCropShare bounds how much larger than the square a picture is made.
const minCropShare = 0.1

// Trainable returns an error unless training and exported graphs can resize as c says:
// bilinear, stretched or cropped without a share.
func (c Config) Trainable() error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Resize == Letterbox || c.CropShare != 0 && c.CropShare != 1 || c.Interpolation == Bicubic {
		return fmt.Errorf("imageprep: resize is %q, want %s or %s, bilinear", c.Resize, Stretch, Crop)
	}
	return nil
}

// Image is an RGB image of 8 bits a channel. Its rows follow each other without
// gaps: H*W*3 bytes.
type Image struct {
	W, H int
	Pix  []uint8
}

// Engines returns what decodes JPEG and what resizes in this build on this machine:
// "libjpeg-turbo" or "go", and "AVX2" or "go". All give the same pixels.
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
