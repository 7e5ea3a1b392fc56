package jpeg

// coefficients are the block (x, y) of the k-th component, row by row.
func (r *run) coefficients(k, x, y int) *[blockLen]int16 {
	at := (y*r.comps[k].bw + x) * blockLen
	return (*[blockLen]int16)(r.d.coeffs[r.index[k]][at:])
}

// dcFirst reads the upper bits of a block's mean. Source: T.81, G.1.2.1.
func (r *run) dcFirst(k, x, y int) error {
	bits := &r.d.bits
	size, bad := r.d.dc[r.dc[k]].symbol(bits)
	if bad {
		return errCode
	}
	r.mean[k] += extend(bits.bits(uint(size)), uint(size))
	r.coefficients(k, x, y)[0] = int16(r.mean[k] << r.low)
	return nil
}

// dcRefine reads one more bit of a mean.
func (r *run) dcRefine(k, x, y int) error {
	if r.d.bits.bits(1) != 0 {
		r.coefficients(k, x, y)[0] |= 1 << r.low
	}
	return nil
}

// acFirst reads the upper bits of a band. Source: T.81, G.1.2.2.
func (r *run) acFirst(k, x, y int) error {
	if r.pending > 0 {
		r.pending--
		return nil
	}
	b, bits, table := r.coefficients(k, x, y), &r.d.bits, &r.d.ac[r.ac[k]]
	for z := r.first; z <= r.last; z++ {
		s, bad := table.symbol(bits)
		if bad {
			return errCode
		}
		zeros, n := uint(s>>4), uint(s&15)
		if n == 0 {
			if zeros < 15 {
				r.pending = 1<<zeros - 1 + int(bits.bits(zeros))
				return nil
			}
			z += 15
			continue
		}
		if z += int(zeros); z > r.last {
			return errRun
		}
		b[natural[z]] = int16(extend(bits.bits(n), n) << r.low)
	}
	return nil
}

// acRefine reads one more bit of the coefficients of a band that are not zero, and
// the coefficients that this bit makes nonzero. Source: T.81, G.1.2.3.
func (r *run) acRefine(k, x, y int) error {
	b, bits, table := r.coefficients(k, x, y), &r.d.bits, &r.d.ac[r.ac[k]]
	one := int16(1) << r.low
	z := r.first
	for r.pending == 0 && z <= r.last {
		s, bad := table.symbol(bits)
		if bad {
			return errCode
		}
		zeros, n := int(s>>4), s&15
		value := int16(0)
		switch {
		case n > 1:
			return FormatError("a refinement of more than a bit")
		case n == 1:
			value = -one
			if bits.bits(1) != 0 {
				value = one
			}
		case zeros < 15:
			r.pending = 1<<zeros + int(bits.bits(uint(zeros)))
		}
		if r.pending > 0 {
			break
		}
		z = refine(b, bits, z, r.last, zeros, one)
		if z > r.last {
			if value != 0 {
				return errRun
			}
			break
		}
		if value != 0 {
			b[natural[z]] = value
		}
		z++
	}
	if r.pending > 0 {
		r.pending--
		refine(b, bits, z, r.last, blockLen, one)
	}
	return nil
}

// refine reads a bit for each nonzero coefficient from z on. It skips the given
// number of zeros and returns the place of the zero after them, or last+1.
func refine(b *[blockLen]int16, bits *bitReader, z, last, zeros int, one int16) int {
	for ; z <= last; z++ {
		c := &b[natural[z]]
		if *c == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		if bits.bits(1) == 0 {
			continue
		}
		if *c > 0 {
			*c += one
		} else {
			*c -= one
		}
	}
	return z
}

// reconstruct dequantizes and inverts all blocks after the last scan.
func (d *decoder) reconstruct() {
	for i := range d.comps[:d.components] {
		c, p := &d.comps[i], &d.pic.planes[i]
		var quant [blockLen]int32 // row by row
		for z, q := range d.used[i] {
			quant[natural[z]] = int32(q)
		}
		for y := range ceilDiv(c.rows, blockSide) {
			for x := range ceilDiv(c.w, blockSide) {
				from := (*[blockLen]int16)(d.coeffs[i][(y*c.bw+x)*blockLen:])
				var b [blockLen]int32
				rest := int16(0)
				for k, v := range from {
					b[k] = int32(v) * quant[k]
					if k > 0 {
						rest |= v
					}
				}
				last := 0
				if rest != 0 {
					last = blockLen - 1
				}
				invert(&b, last, p.pix[blockSide*(y*p.stride+x):], p.stride)
			}
		}
		d.coeffs[i] = nil
	}
}
