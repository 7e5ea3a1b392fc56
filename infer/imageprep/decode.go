package imageprep

import (
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"sync"
)

// The limits of what is read. An image beyond one of them is refused from its
// header, before anything is allocated for its pixels.
const (
	MaxPixels = 40_000_000 // width times height
	MaxSide   = 16384      // pixels
	MaxFile   = 256 << 20  // bytes of a file
	MaxMemory = 640 << 20  // bytes that decoding one image may take, the file included
)

// header is what a format's parser learns without decoding, and how to go on.
type header struct {
	w, h        int   // as stored, before orientation
	orientation int   // EXIF, 1 to 8
	peak        int64 // bytes that decoding takes, the file not counted
	kept        int64 // bytes of the decoded image, which lives on until it is RGB
	decode      func() (picture, error)
}

// picture is a decoded image: where it lies on the canvas of the header's size,
// which is white elsewhere, and its rows as RGB.
type picture struct {
	bounds  image.Rectangle
	rows    rowReader
	release func() // when the rows have been read; may be nil
}

// total is the most memory at one time: the decoder's, or later the decoded
// image and its RGB copy.
func (h header) total(file int) int64 {
	return int64(file) + max(h.peak, h.kept+3*int64(h.w)*int64(h.h))
}

// format reads one kind of file. parse must not allocate in proportion to what
// the bytes claim, and must refuse what would make decode do so.
type format struct {
	name  string
	match func(data []byte) bool
	parse func(data []byte) (header, error)
}

// formats are those that are read, the likeliest first.
var formats = [...]format{
	{"jpeg", isJPEG, parseJPEG},
	{"png", isPNG, parsePNG},
	{"webp", isWebP, parseWebP},
	{"gif", isGIF, parseGIF},
	{"tiff", isTIFF, parseTIFF},
	{"bmp", isBMP, parseBMP},
}

func findFormat(data []byte) (format, bool) {
	for _, f := range formats {
		if f.match(data) {
			return f, true
		}
	}
	return format{}, false
}

// Decode reads a JPEG, PNG, GIF (first frame), WebP (first frame), BMP or TIFF
// (first page) image, whatever its file is called. The result is upright by the
// EXIF orientation, in RGB; transparency is laid over white, 16-bit channels
// keep their upper 8, and colour profiles are ignored. Every error is an
// [*Error]. The image is the caller's: its 3 bytes a pixel are not counted among
// those that decoding takes any more.
func Decode(data []byte) (img Image, err error) {
	err = read(data, func(p picture, h header) error {
		img = toRGB(p, h)
		return nil
	})
	return img, err
}

// View is [Decode] for a caller that needs the image no longer than use takes,
// and returns use's error. Until then the image counts as being decoded, so that
// many callers together stay within [MaxMemory]; use must not decode another.
func View(data []byte, use func(Image) error) error {
	return read(data, func(p picture, h header) error { return use(toRGB(p, h)) })
}

// read decodes data as far as rows that can be read as RGB, for use, within the
// budget.
func read(data []byte, use func(picture, header) error) error {
	f, ok := findFormat(data)
	if !ok {
		return notImage(data)
	}
	h, err := f.header(data)
	if err != nil {
		return err
	}
	defer budget.acquire(h.total(len(data)))()
	return f.use(h, use)
}

// use has a frame of its own, so that nothing holds the pixels any more when
// their memory is given back.
//
//go:noinline
func (f format) use(h header, use func(picture, header) error) error {
	p, err := f.pixels(h)
	if err != nil {
		return err
	}
	if p.release != nil {
		defer p.release()
	}
	settle(h)
	p.rows = p.canvas(h)
	return use(p, h)
}

// DecodeFile is [Decode] of the file at path; its errors name the file. Only
// the beginning of a file that is no image is read.
func DecodeFile(path string) (img Image, err error) {
	err = withFile(path, func(data []byte) error {
		img, err = Decode(data)
		return err
	})
	return img, err
}

// ViewFile is [View] of the file at path, with the bytes that were read; use must
// keep neither. Errors, use's too, name the file.
func ViewFile(path string, use func(data []byte, img Image) error) error {
	return withFile(path, func(data []byte) error {
		return View(data, func(img Image) error { return use(data, img) })
	})
}

// header parses data's header and holds it against the limits.
func (f format) header(data []byte) (h header, err error) {
	defer recoverAs(f.name, &err)
	h, err = f.parse(data)
	if err != nil {
		return header{}, decodeError(f.name, err)
	}
	if err := checkSize(f.name, h.w, h.h); err != nil {
		return header{}, err
	}
	if need := h.total(len(data)); need > MaxMemory {
		return header{}, tooLarge(f.name, "%d x %d pixels of this kind take %d MiB, at most %d",
			h.w, h.h, need>>20, MaxMemory>>20)
	}
	return h, nil
}

// checkSize holds a width and height against the limits. Parsers call it as soon
// as they have read them.
func checkSize(format string, w, h int) error {
	switch {
	case w < 1 || h < 1:
		return damaged(format, fmt.Sprintf("%d x %d pixels", w, h))
	case w > MaxSide || h > MaxSide:
		return tooLarge(format, "%d x %d pixels, at most %d a side", w, h, MaxSide)
	case int64(w)*int64(h) > MaxPixels:
		return tooLarge(format, "%d x %d pixels, at most %d million", w, h, MaxPixels/1_000_000)
	}
	return nil
}

// pixels decodes. A panic in a decoder becomes an error; running out of memory
// could not be caught, which is why header comes first.
func (f format) pixels(h header) (p picture, err error) {
	defer recoverAs(f.name, &err)
	p, err = h.decode()
	if err != nil {
		return picture{}, decodeError(f.name, err)
	}
	if !p.bounds.In(image.Rect(0, 0, h.w, h.h)) {
		return picture{}, damaged(f.name, fmt.Sprintf("pixels at %v, the header says %d x %d", p.bounds, h.w, h.h))
	}
	return p, nil
}

func recoverAs(format string, err *error) {
	if r := recover(); r != nil {
		*err = &Error{Kind: ErrDamaged, Detail: oneLine(fmt.Sprintf("%s: decoder failed: %v", format, r))}
	}
}

// headLen is how much of a file is read before the rest: enough to tell an image
// from anything else, and where one says how large it is.
const headLen = 64 << 10

// files are buffers that have held files of ordinary size: without them, the
// collector would be busy with a folder of photographs.
var files = sync.Pool{New: func() any { return new(make([]byte, headLen)) }}

const largestPooled = 1 << 20 // bytes of a buffer

// largeFiles keeps the others that are read at the same time within [MaxFile]
// together. Who waits for it holds nothing of [budget].
var largeFiles = newBudget(MaxFile)

// withFile reads a file that begins like an image of a permitted size, up to
// [MaxFile], for use, which must not keep its bytes. Errors name the file.
func withFile(path string, use func(data []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return nameFile(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nameFile(path, err)
	}
	if info.IsDir() {
		return nameFile(path, &Error{Kind: ErrNotImage, Detail: "a folder"})
	}
	if err := withReader(f, sizeOf(info), use); err != nil {
		return nameFile(path, err)
	}
	return nil
}

// inBuffer reads a file of so many bytes for use. It has a frame of its own, as
// format.use has.
//
//go:noinline
func inBuffer(r io.Reader, size int64, use func(data []byte) error) error {
	buffer := files.Get().(*[]byte)
	defer files.Put(buffer)
	data, err := readFile(r, size, *buffer)
	if err != nil {
		return err
	}
	if n := cap(data); cap(*buffer) < n && n <= largestPooled {
		*buffer = data[:n]
	}
	return use(data)
}

// readFile reads into buffer, of headLen bytes at least, or a new one if the file,
// of about size bytes, does not fit.
func readFile(r io.Reader, size int64, buffer []byte) ([]byte, error) {
	n, err := io.ReadFull(r, buffer[:headLen])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	data := buffer[:n]
	kind, ok := findFormat(data)
	if !ok {
		return nil, notImage(data)
	}
	if n < headLen {
		return data, nil
	}
	if _, err := kind.header(data); errors.Is(err, ErrTooLarge) {
		return nil, err
	}
	if size > MaxFile {
		return nil, fileTooLarge()
	}
	if need := size + 1; need > int64(cap(data)) { // one more, to see the end
		data = append(make([]byte, 0, need), data...)
	}
	return readRest(r, data)
}

// readRest appends what is left in r to data, up to [MaxFile].
func readRest(r io.Reader, data []byte) ([]byte, error) {
	for {
		if len(data) > MaxFile {
			return nil, fileTooLarge()
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func fileTooLarge() error {
	return &Error{Kind: ErrTooLarge, Detail: fmt.Sprintf("the file has more than %d MiB", MaxFile>>20)}
}

// nameFile puts the file's name in front of err, once.
func nameFile(path string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		named := *own
		named.Path = path
		return &named
	}
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return fmt.Errorf("%s: %w", path, pathErr.Err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
