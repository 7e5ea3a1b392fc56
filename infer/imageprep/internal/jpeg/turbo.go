//go:build libjpeg && cgo

package jpeg

/*
#cgo LDFLAGS: -ljpeg
#cgo CFLAGS: -O2
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <jpeglib.h>

struct failure {
	struct jpeg_error_mgr mgr;
	jmp_buf back;
};

static void fail(j_common_ptr cinfo) {
	longjmp(((struct failure *)cinfo->err)->back, 1);
}

// Warnings end the decoding too: whether such a file is read is for the other
// decoder to say, so that every build refuses the same ones.
static void emit(j_common_ptr cinfo, int level) {
	if (level < 0) fail(cinfo);
}

static void silent(j_common_ptr cinfo) {}

// flowerctl_decode_rgb writes w*h*3 bytes to out, and returns 0 if it did.
static int flowerctl_decode_rgb(const unsigned char *data, unsigned long size,
                                unsigned char *out, unsigned w, unsigned h) {
	struct jpeg_decompress_struct cinfo;
	struct failure err;
	cinfo.err = jpeg_std_error(&err.mgr);
	err.mgr.error_exit = fail;
	err.mgr.emit_message = emit;
	err.mgr.output_message = silent;
	if (setjmp(err.back)) {
		jpeg_destroy_decompress(&cinfo);
		return 1;
	}
	jpeg_create_decompress(&cinfo);
	jpeg_mem_src(&cinfo, data, size);
	jpeg_read_header(&cinfo, TRUE);
	cinfo.out_color_space = JCS_RGB;
	cinfo.dct_method = JDCT_ISLOW;
	cinfo.do_fancy_upsampling = TRUE;
	cinfo.do_block_smoothing = FALSE;
	jpeg_start_decompress(&cinfo);
	if (cinfo.output_width != w || cinfo.output_height != h || cinfo.output_components != 3)
		fail((j_common_ptr)&cinfo);
	while (cinfo.output_scanline < h) {
		JSAMPROW row = out + 3UL * w * cinfo.output_scanline;
		jpeg_read_scanlines(&cinfo, &row, 1);
	}
	jpeg_finish_decompress(&cinfo);
	jpeg_destroy_decompress(&cinfo);
	return 0;
}
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
