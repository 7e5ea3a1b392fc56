// Package jpeg decodes JPEG images to exactly the pixels of libjpeg-turbo's
// defaults: the accurate integer inverse DCT, interpolated chroma, 16-bit colour
// conversion. Those are the pixels of Pillow, OpenCV and browsers, so a network
// trained here sees there what it learned, and the build that uses libjpeg-turbo
// itself agrees with the one that does not.
//
// image/jpeg is not used because it gives none of this: its inverse DCT differs
// by a level in every fiftieth sample, it repeats chroma samples, and it decodes
// a progressive image that was cut between two scans without an error. It also
// takes twice the memory and more time, for it reads from an io.Reader.
//
// The decoder in Go stays beside libjpeg-turbo (tag libjpeg) because a program
// that is built without that library, as the one for other machines is, must see
// the pixels that a network was trained on, and because it decides which files
// are damaged: libjpeg-turbo is asked first, and whatever it so much as warns of
// is decoded again here. On video-001.jpeg (150 x 103, two busy cores, one run)
// libjpeg-turbo takes 0.37 ms with parsing and colours, the decoder here 0.72,
// and image/jpeg 1.31 without the colours (BenchmarkDecode).
//
// libjpeg-turbo can also decode at a half, a quarter or an eighth of the size. On
// photographs of 6 megapixels, smooth or with grain, resized to 150 that takes a
// quarter to three quarters of the time; but the pixels are 1 to 4 levels off the
// definition at a half, 2 to 8 at a quarter, and up to 57 where the picture was
// smaller. One level is allowed, so it is not used.
//
// Baseline, extended and progressive Huffman images of 8 bits are read, with 1
// (grey), 3 (YCbCr, RGB) or 4 (CMYK, YCCK) components of any whole subsampling.
// Bytes may come from anyone: [Parse] allocates nothing in proportion to what
// they claim, and [Frame.Memory] says what [Frame.Decode] will take.
//
// Sources: ITU-T T.81; libjpeg-turbo 2.1.
package jpeg

// A FormatError says that the bytes are no valid JPEG.
type FormatError string

func (e FormatError) Error() string { return string(e) }

// An UnsupportedError names a valid feature that is not read.
type UnsupportedError string

func (e UnsupportedError) Error() string { return string(e) }

// A TruncatedError says that the image was cut.
type TruncatedError string

func (e TruncatedError) Error() string { return string(e) }

const (
	blockSide   = 8
	blockLen    = blockSide * blockSide
	maxSampling = 4
	maxTables   = 4
)

// natural is the place in the block, row by row, of the k-th coefficient in
// zig-zag order. Source: T.81, figure A.6. The 15 entries more keep a run that
// leaves the block inside the table; such a run is an error found later.
var natural = [blockLen + 16]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
	63, 63, 63, 63, 63, 63, 63, 63,
}
