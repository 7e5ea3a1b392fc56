package imageprep

import "image"

// jpegRows converts JPEG's colours exactly as libjpeg-turbo does by default
// ("fancy" upsampling), and so as Pillow, OpenCV and browsers: chroma that was
// halved is interpolated, three quarters from the nearer sample and one from the
// farther. image/draw repeats samples instead, which moves the colours at an
// edge by up to 100 grey levels. Source: libjpeg-turbo 2.1, jdsample.c, jdcolor.c.
func jpegRows(m *image.YCbCr) rowReader {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if w == 0 || h == 0 {
		return func(int, []uint8) {}
	}
	hs, vs := subsampling(m.SubsampleRatio)
	cw, ch := (w+hs-1)/hs, (h+vs-1)/vs
	cb, cr := make([]uint8, hs*cw), make([]uint8, hs*cw)
	sum := make([]int32, cw)
	plane := func(dst, pix []uint8, y int) []uint8 {
		near := y / vs
		row := pix[near*m.CStride:][:cw]
		far, bias := row, int32(0)
		if vs == 2 {
			other := max(near-1, 0)
			bias = 1
			if y%2 == 1 {
				other = min(near+1, ch-1)
				bias = 2
			}
			far = pix[other*m.CStride:][:cw]
		}
		return upsample(dst, row, far, sum, hs, vs, bias)
	}
	return func(y int, dst []uint8) {
		u := plane(cb, m.Cb, y)
		v := plane(cr, m.Cr, y)
		yccToRGB(dst[:3*w], m.Y[y*m.YStride:], u, v)
	}
}

// subsampling is how many pixels share a chroma sample across and down.
func subsampling(r image.YCbCrSubsampleRatio) (h, v int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// upsample widens one row of chroma by hs; near and far are the two rows it
// lies between if vs is 2.
func upsample(dst, near, far []uint8, sum []int32, hs, vs int, bias int32) []uint8 {
	n := len(near)
	switch {
	case hs == 1 && vs == 1:
		return near
	case hs == 1: // h1v2
		for i, c := range near {
			dst[i] = uint8((3*int32(c) + int32(far[i]) + bias) >> 2)
		}
	case hs == 4 || n <= 2: // libjpeg-turbo interpolates neither
		for i, c := range near {
			for k := range hs {
				dst[hs*i+k] = c
			}
		}
	case vs == 1: // h2v1
		dst[0], dst[1] = near[0], uint8((3*int32(near[0])+int32(near[1])+2)>>2)
		for i := 1; i < n-1; i++ {
			c := 3 * int32(near[i])
			dst[2*i] = uint8((c + int32(near[i-1]) + 1) >> 2)
			dst[2*i+1] = uint8((c + int32(near[i+1]) + 2) >> 2)
		}
		dst[2*n-2], dst[2*n-1] = uint8((3*int32(near[n-1])+int32(near[n-2])+1)>>2), near[n-1]
	default: // h2v2
		for i, c := range near {
			sum[i] = 3*int32(c) + int32(far[i])
		}
		upsampleSums(dst, sum)
	}
	return dst
}

// upsampleSums is the second, horizontal half of h2v2.
func upsampleSums(dst []uint8, sum []int32) {
	n := len(sum)
	this := sum[0]
	dst = dst[:2*n]
	dst[0] = uint8((4*this + 8) >> 4)
	for i := 1; i < n; i++ {
		next := sum[i]
		dst[2*i-1] = uint8((3*this + next + 7) >> 4)
		dst[2*i] = uint8((3*next + this + 8) >> 4)
		this = next
	}
	dst[2*n-1] = uint8((4*this + 7) >> 4)
}

// yccToRGB converts a row of full-range BT.601 in 16-bit fixed point.
func yccToRGB(dst, y, cb, cr []uint8) {
	for i := 0; len(dst) >= 3; i++ {
		l, u, v := int32(y[i]), int32(cb[i])-128, int32(cr[i])-128
		dst[0] = clamp8(l + (91881*v+1<<15)>>16)
		dst[1] = clamp8(l + (-22554*u-46802*v+1<<15)>>16)
		dst[2] = clamp8(l + (116130*u+1<<15)>>16)
		dst = dst[3:]
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) <= 255 {
		return uint8(v)
	}
	if v < 0 {
		return 0
	}
	return 255
}

// vp8Rows converts WebP's lossy colours exactly as libwebp does: chroma
// interpolated 9:3:3:1, BT.601 in studio range. Source: libwebp, dsp/upsampling.c
// and dsp/yuv.h.
func vp8Rows(m *vp8Image) rowReader {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := (w+1)/2, (h+1)/2
	cb, cr := make([]uint8, 2*cw), make([]uint8, 2*cw)
	return func(y int, dst []uint8) {
		near := y / 2
		far := max(near-1, 0)
		if y%2 == 1 {
			far = min(near+1, ch-1)
		}
		if w == 0 {
			return
		}
		vp8Upsample(cb, m.Cb[near*m.CStride:][:cw], m.Cb[far*m.CStride:][:cw])
		vp8Upsample(cr, m.Cr[near*m.CStride:][:cw], m.Cr[far*m.CStride:][:cw])
		dst = dst[:3*w]
		vp8ToRGB(dst, m.Y[y*m.YStride:], cb, cr)
		if m.A != nil {
			alphaOverWhite(dst, m.A[y*m.AStride:])
		}
	}
}

func vp8Upsample(dst, near, far []uint8) {
	n := len(near)
	n0, f0 := int32(near[0]), int32(far[0])
	dst[0] = uint8((3*n0 + f0 + 2) >> 2)
	for i := 1; i < n; i++ {
		n1, f1 := int32(near[i]), int32(far[i])
		all := n0 + n1 + f0 + f1 + 8
		dst[2*i-1] = uint8(((all+2*(n1+f0))>>3 + n0) >> 1)
		dst[2*i] = uint8(((all+2*(n0+f1))>>3 + n1) >> 1)
		n0, f0 = n1, f1
	}
	dst[2*n-1] = uint8((3*n0 + f0 + 2) >> 2)
}

func vp8ToRGB(dst, y, cb, cr []uint8) {
	for i := 0; len(dst) >= 3; i++ {
		l, u, v := (int32(y[i])*19077)>>8, int32(cb[i]), int32(cr[i])
		dst[0] = clamp8((l + (v*26149)>>8 - 14234) >> 6)
		dst[1] = clamp8((l - (u*6419)>>8 - (v*13320)>>8 + 8708) >> 6)
		dst[2] = clamp8((l + (u*33050)>>8 - 17685) >> 6)
		dst = dst[3:]
	}
}

func alphaOverWhite(dst, alpha []uint8) {
	for i := 0; len(dst) >= 3; i++ {
		if a := alpha[i]; a != 255 {
			dst[0], dst[1], dst[2] = overWhite(dst[0], a), overWhite(dst[1], a), overWhite(dst[2], a)
		}
		dst = dst[3:]
	}
}
