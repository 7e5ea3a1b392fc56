package imageprep

import "image"

// vp8Rows converts the colours of a lossy WebP exactly as libwebp does: chroma is
// interpolated 9:3:3:1, and the colours are BT.601 in studio range.
// Source: libwebp, dsp/upsampling.c and dsp/yuv.h.
func vp8Rows(m *image.NYCbCrA) rowReader {
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

func clamp8(v int32) uint8 {
	if uint32(v) <= 255 {
		return uint8(v)
	}
	if v < 0 {
		return 0
	}
	return 255
}
