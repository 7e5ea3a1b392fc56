package imageprep

import (
	"cmp"
	"fmt"
	"image"
	"runtime"
)

// DefaultMemory is the [Decoder]'s budget unless another is set, in bytes.
const DefaultMemory = 640 << 20

// Decoder reads images. The zero value is ready to use, by any number of
// goroutines: they share its budget of memory. It must not be copied after its
// first use.
type Decoder struct {
	// Memory bounds the bytes that the images being decoded take together, their
	// files included; 0 means [DefaultMemory]. Goroutines wait for their share,
	// photographs of usual size hardly ever. An image that takes more by itself is
	// refused with [ErrTooLarge].
	//
	// An image that takes more than a quarter is decoded while no other is, after a
	// garbage collection, so that the garbage of earlier ones does not add up. A
	// program that has to stay within a certain memory sets Go's memory limit too
	// ([debug.SetMemoryLimit]); then freed memory is reused or given back at once.
	Memory int64
	// Pixels bounds width times height of an image further than [MaxPixels] does, for
	// images of strangers; 0 means no further. One with more is refused from its header
	// with [ErrTooLarge].
	Pixels int

	images, files budget
}

// Decode reads a JPEG, PNG, GIF (first frame), WebP (first frame), BMP or TIFF
// (first page) image. The result is upright by the EXIF orientation, in RGB;
// transparency is laid over white, 16-bit channels keep their upper 8 bits, and
// colour profiles, gamma and background colours are ignored. An image that is not read gives an [*Error]. The
// result belongs to the caller and no longer counts towards the budget.
func (d *Decoder) Decode(src Source) (img Image, err error) {
	err = d.View(src, func(_ []byte, decoded Image) error {
		img = decoded
		return nil
	})
	return img, err
}

// View is [Decoder.Decode] for a caller that needs the image, or the bytes of
// its file, only until use returns. Until then they count towards the budget; use
// must not decode another image, nor keep data. View returns the error of use
// with the source's name in front.
func (d *Decoder) View(src Source, use func(data []byte, img Image) error) error {
	return d.read(src, func(data []byte) error {
		return d.decode(data, func(p picture, h header) error {
			return use(data, toRGB(p, h))
		})
	})
}

// Prepare decodes an image and makes it a square: the pixels of [Decoder.Decode]
// followed by [Config.Apply]. The rows of an upright image are resized as they
// are decoded, so the whole of it is never in memory as RGB.
func (d *Decoder) Prepare(src Source, c Config) (img Image, err error) {
	if err := c.Validate(); err != nil {
		return Image{}, err
	}
	err = d.read(src, func(data []byte) error {
		return d.decode(data, func(p picture, h header) error {
			if h.orientation != 1 {
				img = c.fit(toRGB(p, h))
				return nil
			}
			across, down := c.window(h.w, h.h)
			img = c.resample(p.rows, across, down)
			return nil
		})
	})
	return img, err
}

// decode decodes data to rows that can be read as RGB, within the budget.
func (d *Decoder) decode(data []byte, use func(picture, header) error) error {
	f, ok := findFormat(data)
	if !ok {
		return notImage(data)
	}
	h, err := d.header(f, data)
	if err != nil {
		return err
	}
	defer d.images.acquire(h.total(len(data)), d.memory())()
	return f.decode(h, use)
}

func (d *Decoder) memory() int64 { return cmp.Or(d.Memory, DefaultMemory) }

// header parses data's header and checks it against the limits.
func (d *Decoder) header(f format, data []byte) (h header, err error) {
	defer recoverAs(f.name, &err)
	h, err = f.parse(data)
	if err != nil {
		return header{}, decodeError(f.name, err)
	}
	if err := checkSize(f.name, h.w, h.h); err != nil {
		return header{}, err
	}
	if d.Pixels > 0 && h.w > d.Pixels/h.h {
		return header{}, tooLarge(f.name, "%d x %d pixels, at most %d", h.w, h.h, d.Pixels)
	}
	if need := h.total(len(data)); need > d.memory() {
		return header{}, tooLarge(f.name, "%d x %d pixels of this kind take %d MiB, at most %d",
			h.w, h.h, need>>20, d.memory()>>20)
	}
	return h, nil
}

// decode is a frame of its own, so that nothing refers to the pixels when their
// bytes go back to the budget.
//
//go:noinline
func (f format) decode(h header, use func(picture, header) error) error {
	p, err := f.pixels(h)
	if err != nil {
		return err
	}
	if p.release != nil {
		defer p.release()
	}
	const large = 64 << 20
	if h.peak-h.decoded > large {
		runtime.GC() // the decoder's scratch memory makes room for the RGB image
	}
	p.rows = p.canvas(h)
	return use(p, h)
}

// pixels decodes. A panic in a decoder becomes an error; running out of memory
// could not be caught, so the header is checked first.
func (f format) pixels(h header) (p picture, err error) {
	defer recoverAs(f.name, &err)
	p, err = h.decode()
	if err != nil {
		return picture{}, decodeError(f.name, err)
	}
	if !p.bounds.In(image.Rect(0, 0, h.w, h.h)) {
		return picture{}, damaged(f.name,
			fmt.Sprintf("pixels at %v, the header says %d x %d", p.bounds, h.w, h.h))
	}
	return p, nil
}

func recoverAs(format string, err *error) {
	if r := recover(); r != nil {
		detail := oneLine(fmt.Sprintf("%s: decoder failed: %v", format, r))
		*err = &Error{Kind: ErrDamaged, Detail: detail}
	}
}
