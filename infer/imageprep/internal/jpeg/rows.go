package jpeg

// Rows reads a picture's rows as RGB. It has buffers for one row, so each goroutine
// needs its own.
type Rows struct {
	f      *Frame
	planes [4]plane
	wide   [4][]uint8 // a row of samples, one per pixel
	sum    []int32
	rgb    []uint8
}

// Rows returns a reader of p's rows.
func (p *Picture) Rows() *Rows {
	if p.rgb != nil {
		return &Rows{f: p.frame, rgb: p.rgb}
	}
	r := &Rows{f: p.frame, planes: p.planes}
	for i, c := range r.f.comps[:r.f.components] {
		if hs := r.f.maxH / c.h; hs > 1 || c.v < r.f.maxV {
			r.wide[i] = make([]uint8, hs*c.w)
		}
	}
	r.sum = make([]int32, r.f.W)
	return r
}

// Read writes row y, from 0 to H-1, to the first 3*W bytes of dst. CMYK is converted
// as ink on white paper.
func (r *Rows) Read(y int, dst []uint8) {
	dst = dst[:3*r.f.W]
	if r.rgb != nil {
		copy(dst, r.rgb[y*len(dst):])
		return
	}
	a := r.samples(0, y)
	if r.f.space == grey {
		for i, v := range a {
			dst[3*i], dst[3*i+1], dst[3*i+2] = v, v, v
		}
		return
	}
	b, c := r.samples(1, y), r.samples(2, y)
	switch r.f.space {
	case ycc, ycck:
		toRGB(dst, a, b, c)
	case rgb, cmyk: // cmyk is inverted: how much light each ink leaves
		for i := range a {
			dst[3*i], dst[3*i+1], dst[3*i+2] = a[i], b[i], c[i]
		}
	}
	switch r.f.space {
	case cmyk:
		for i, k := range r.samples(3, y) {
			darken(dst[3*i:3*i+3], k)
		}
	case ycck: // the converted RGB are amounts of ink
		for i, k := range r.samples(3, y) {
			px := dst[3*i : 3*i+3]
			px[0], px[1], px[2] = 255-px[0], 255-px[1], 255-px[2]
			darken(px, k)
		}
	}
}

// darken applies black ink to a pixel; k is the light that it leaves. The result is
// rounded as in Pillow.
func darken(px []uint8, k uint8) {
	for i, light := range px {
		px[i] = k - uint8((uint32(255-light)*uint32(k)+127)/255)
	}
}

// samples returns component i's samples for the pixels of row y, as libjpeg
// upsamples them. At half resolution they are interpolated, with three quarters of
// the nearer sample and one quarter of the farther; otherwise they are repeated.
// Source: libjpeg-turbo, jdsample.c.
func (r *Rows) samples(i, y int) []uint8 {
	c, p := &r.f.comps[i], &r.planes[i]
	hs, vs := r.f.maxH/c.h, r.f.maxV/c.v
	row := func(at int) []uint8 { return p.pix[at*p.stride:][:c.w] }
	near := row(y / vs)
	if hs == 1 && vs == 1 {
		return near
	}
	dst := r.wide[i]
	other := y/vs - 1
	if y%vs > 0 {
		other = y/vs + 1
	}
	far := row(min(max(other, 0), c.rows-1))
	switch {
	case hs == 1 && vs == 2:
		bias := 1 + int32(y&1)
		for x, v := range near {
			dst[x] = uint8((3*int32(v) + int32(far[x]) + bias) >> 2)
		}
	case hs == 2 && vs == 1 && c.w > 2:
		widen(dst, near)
	case hs == 2 && vs == 2 && c.w > 2:
		widen2(dst, near, far, r.sum)
	default:
		for x, v := range near {
			for k := range hs {
				dst[hs*x+k] = v
			}
		}
	}
	return dst[:r.f.W]
}

// widen doubles the samples of a row of at least 2. Source: jdsample.c,
// h2v1_fancy_upsample.
func widen(dst, src []uint8) {
	n := len(src)
	dst = dst[:2*n]
	dst[0] = src[0]
	this := int32(src[0])
	for i := 1; i < n; i++ {
		next := int32(src[i])
		dst[2*i-1] = uint8((3*this + next + 2) >> 2)
		dst[2*i] = uint8((3*next + this + 1) >> 2)
		this = next
	}
	dst[2*n-1] = src[n-1]
}

// widen2 doubles the samples of a row that lies between two. Source: jdsample.c,
// h2v2_fancy_upsample.
func widen2(dst, near, far []uint8, sum []int32) {
	n := len(near)
	dst, far, sum = dst[:2*n], far[:n], sum[:n]
	for i, v := range near {
		sum[i] = 3*int32(v) + int32(far[i])
	}
	this := sum[0]
	dst[0] = uint8((4*this + 8) >> 4)
	for i := 1; i < n; i++ {
		next := sum[i]
		dst[2*i-1] = uint8((3*this + next + 7) >> 4)
		dst[2*i] = uint8((3*next + this + 8) >> 4)
		this = next
	}
	dst[2*n-1] = uint8((4*this + 7) >> 4)
}

// toRGB converts full-range BT.601 in 16-bit fixed point. Source: libjpeg-turbo,
// jdcolor.c.
func toRGB(dst, y, cb, cr []uint8) {
	cb, cr = cb[:len(y)], cr[:len(y)]
	for i, l := range y {
		l, u, v := int32(l), int32(cb[i])-128, int32(cr[i])-128
		px := dst[3*i : 3*i+3 : 3*i+3]
		px[0] = clamp(l + (91881*v+1<<15)>>16)
		px[1] = clamp(l + (-22554*u-46802*v+1<<15)>>16)
		px[2] = clamp(l + (116130*u+1<<15)>>16)
	}
}
