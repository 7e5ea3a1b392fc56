// Package jpeg decodes JPEG images to exactly the pixels of libjpeg-turbo's
// defaults: the accurate integer inverse DCT, interpolated chroma, 16-bit colour
// conversion. Pillow, OpenCV and browsers give the same pixels, so a network that
// was trained here sees there what it has learned, and the builds with and without
// libjpeg-turbo agree.
//
// The package does not use image/jpeg. The inverse DCT of image/jpeg differs by a
// level in one of fifty samples, it repeats chroma samples, and it decodes a
// progressive image that was cut between two scans without an error. It also takes
// twice the memory and more time, because it reads from an io.Reader.
//
// There is a decoder in Go beside libjpeg-turbo (tag libjpeg) for two reasons. A
// program that is built without libjpeg-turbo, for another machine for example,
// must see the pixels that a network was trained on. And the decoder in Go decides
// which files are damaged: libjpeg-turbo goes first, and a file that makes it
// report an error or a warning is decoded again in Go. On video-001.jpeg (150 x
// 103, two busy cores, one run) libjpeg-turbo takes 0.37 ms with parsing and
// colours, the decoder in Go 0.72 ms, and image/jpeg 1.31 ms without the colours
// (BenchmarkDecode).
//
// libjpeg-turbo can also decode at a half, a quarter or an eighth of the size.
// Photographs of 6 megapixels, smooth or grainy, that are resized to 150 then take
// a quarter to three quarters of the time. But the pixels differ from the
// definition by 1 to 4 levels at a half, by 2 to 8 at a quarter, and by up to 57
// for small pictures. One level is allowed, so this is not used.
//
// Baseline, extended and progressive Huffman images of 8 bits are read, with 1
// (grey), 3 (YCbCr, RGB) or 4 (CMYK, YCCK) components of any whole subsampling.
// The bytes may come from anyone: [Parse] allocates nothing in proportion to what
// they claim, and [Frame.Memory] is what [Frame.Decode] will allocate.
//
// Sources: ITU-T T.81; libjpeg-turbo 2.1.
package jpeg

// A FormatError reports that the bytes are not a valid JPEG.
type FormatError string

func (e FormatError) Error() string { return string(e) }

// An UnsupportedError names a valid feature that is not read.
type UnsupportedError string

func (e UnsupportedError) Error() string { return string(e) }

// A TruncatedError reports that the image was cut short.
type TruncatedError string

func (e TruncatedError) Error() string { return string(e) }

const (
	blockSide   = 8
	blockLen    = blockSide * blockSide
	maxSampling = 4
	maxTables   = 4
)

// natural is the place in the block, row by row, of the k-th coefficient in
// zig-zag order. Source: T.81, figure A.6. The 16 additional entries keep a run
// that leaves the block inside the table; such a run is found to be an error later.
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
