//go:build libjpeg && cgo

#include "turbo.h"

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

// A warning ends the decoding too. The decoder in Go says whether such a file is
// read, so that every build refuses the same files.
static void emit(j_common_ptr cinfo, int level) {
	if (level < 0) fail(cinfo);
}

static void silent(j_common_ptr cinfo) {}

int flowerctl_decode_rgb(const unsigned char *data, unsigned long size,
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
