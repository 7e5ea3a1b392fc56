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

// decodeTurbo decodes with libjpeg-turbo. It leaves CMYK to the decoder in Go,
// because every library converts it to RGB in its own way.
func (f *Frame) decodeTurbo() ([]uint8, bool) {
	if f.components == 4 {
		return nil, false
	}
	rgb := newPixels(3 * f.W * f.H)
	failed := C.flowerctl_decode_rgb((*C.uchar)(unsafe.Pointer(&f.data[0])), C.ulong(len(f.data)),
		(*C.uchar)(unsafe.Pointer(&rgb[0])), C.uint(f.W), C.uint(f.H))
	return rgb, failed == 0
}

// turboMemory adds the RGB image, which is garbage beside the planes if the decoder
// in Go has to decode the image after all. If the first scan does not have all
// components, libjpeg holds the coefficients of the whole image, as it does for a
// progressive one. Source: libjpeg-turbo, jdinput.c, has_multiple_scans.
func turboMemory(f *Frame, peak, picture, coefficients int64) (int64, int64) {
	if f.components == 4 {
		return peak, picture
	}
	size := 3 * int64(f.W) * int64(f.H)
	if f.split {
		peak = max(peak, coefficients)
	}
	return peak + size, max(picture, size)
}
