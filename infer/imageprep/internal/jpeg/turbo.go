//go:build libjpeg && cgo

package jpeg

/*
#cgo LDFLAGS: -ljpeg
#cgo CFLAGS: -O2
#include "turbo.h"
*/
import "C"

import "unsafe"

// Turbo says whether libjpeg-turbo decodes in this build.
const Turbo = true

// decodeTurbo decodes with libjpeg-turbo. Ink is left to the other decoder, for
// every library puts it together differently.
func (f *Frame) decodeTurbo() ([]uint8, bool) {
	if f.Components == 4 {
		return nil, false
	}
	rgb := newPixels(3 * f.W * f.H)
	failed := C.flowerctl_decode_rgb((*C.uchar)(unsafe.Pointer(&f.data[0])), C.ulong(len(f.data)),
		(*C.uchar)(unsafe.Pointer(&rgb[0])), C.uint(f.W), C.uint(f.H))
	return rgb, failed == 0
}

// turboMemory allows for the RGB image: alone, or as garbage beside the planes
// if it comes to the other decoder after all. Where the first scan has not all
// components, libjpeg holds the coefficients of the whole image, as it does for a
// progressive one. Source: jdinput.c, has_multiple_scans.
func turboMemory(f *Frame, peak, kept, coefficients int64) (int64, int64) {
	if f.Components == 4 {
		return peak, kept
	}
	size := 3 * int64(f.W) * int64(f.H)
	if f.split {
		peak = max(peak, coefficients)
	}
	return peak + size, max(kept, size)
}
