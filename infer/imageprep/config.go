// Package imageprep is the only way from the bytes of an image file to the
// pixels a network sees, in training and in inference alike: decode, turn by
// the EXIF orientation, convert to RGB over white, resize to a square of uint8.
// It never imports gorgonia or onnxruntime. Start at [Decode] and [Config].
package imageprep

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

// Image is RGB, 8 bits a channel, rows of pixels without gaps: H*W*3 bytes.
type Image struct {
	W, H int
	Pix  []uint8
}
