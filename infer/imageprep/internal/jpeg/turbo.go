//go:build libjpeg && cgo

package jpeg

/*
#cgo LDFLAGS: -ljpeg
#cgo CFLAGS: -O2
#include "turbo.h"
*/
import "C"

import "unsafe"

// Turbo reports whether this build decodes with libjpeg-turbo.
const Turbo = true

// maxCoefficients is the most that libjpeg-turbo may allocate for coefficients, in
// bytes. That memory comes from malloc, which cannot use what the Go heap has free,
// so much of it would add up with the memory of images decoded before.
const maxCoefficients = 48 << 20

// coefficients is the size of the coefficients that libjpeg-turbo holds. It holds
// those of the whole image if it is progressive, or if the first scan does not have
// all components. Source: libjpeg-turbo, jdinput.c, has_multiple_scans.
func (f *Frame) coefficients() int64 {
	if f.progressive || f.split {
		return f.blocks() * coefficientsBytes
	}
	return 0
}

// forTurbo reports whether libjpeg-turbo is to decode f. CMYK is left to the decoder
// in Go, because every library converts it to RGB in its own way.
func (f *Frame) forTurbo() bool {
	return f.components != 4 && f.coefficients() <= maxCoefficients
}

// decodeTurbo decodes with libjpeg-turbo. ok is false if the decoder in Go must.
func (f *Frame) decodeTurbo() (pixels []uint8, ok bool) {
	if !f.forTurbo() {
		return nil, false
	}
	pixels = newPixels(3 * f.W * f.H)
	failed := C.flowerctl_decode_rgb((*C.uchar)(unsafe.Pointer(&f.data[0])), C.ulong(len(f.data)),
		(*C.uchar)(unsafe.Pointer(&pixels[0])), C.uint(f.W), C.uint(f.H))
	return pixels, failed == 0
}

// turboMemory adds the memory that libjpeg-turbo takes to that of the decoder in Go:
// the RGB image, which is garbage if the decoder in Go has to decode the image after
// all, and coefficients.
func turboMemory(f *Frame, peak, picture int64) (int64, int64) {
	if !f.forTurbo() {
		return peak, picture
	}
	size := 3 * int64(f.W) * int64(f.H)
	return max(peak, f.coefficients()) + size, max(picture, size)
}

// newPixels returns n bytes with undefined contents.
func newPixels(n int) []uint8 {
	if n <= pooled {
		if p, ok := pixels.Get().(*[]uint8); ok && cap(*p) >= n {
			return (*p)[:n]
		}
	}
	return make([]uint8, n)
}
