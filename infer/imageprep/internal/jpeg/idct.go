package jpeg

// The constants of the algorithm of Loeffler, Ligtenberg and Moschytz, in 13 bits.
// Source: libjpeg-turbo, jidctint.c ("islow"); the results are equal bit for bit.
const (
	dctBits  = 13
	passBits = 2 // fraction bits between the two passes

	f0298 = 2446
	f0390 = 3196
	f0541 = 4433
	f0765 = 6270
	f0899 = 7373
	f1175 = 9633
	f1501 = 12299
	f1847 = 15137
	f1961 = 16069
	f2053 = 16819
	f2562 = 20995
	f3072 = 25172
)

// invert writes the samples of the dequantized block b. The coefficients after last,
// in zig-zag order, are zero.
func invert(b *[blockLen]int32, last int, dst []uint8, stride int) {
	if last == 0 {
		flat(b[0], dst, stride)
		return
	}
	for x := range blockSide {
		if b[8+x]|b[16+x]|b[24+x]|b[32+x]|b[40+x]|b[48+x]|b[56+x] == 0 {
			v := b[x] << passBits
			b[x], b[8+x], b[16+x], b[24+x] = v, v, v, v
			b[32+x], b[40+x], b[48+x], b[56+x] = v, v, v, v
			continue
		}
		const shift = dctBits - passBits
		const round = 1 << (shift - 1)
		e0, e1, e2, e3 := even(b[x], b[16+x], b[32+x], b[48+x])
		o0, o1, o2, o3 := odd(b[8+x], b[24+x], b[40+x], b[56+x])
		b[x], b[56+x] = (e0+o3+round)>>shift, (e0-o3+round)>>shift
		b[8+x], b[48+x] = (e1+o2+round)>>shift, (e1-o2+round)>>shift
		b[16+x], b[40+x] = (e2+o1+round)>>shift, (e2-o1+round)>>shift
		b[24+x], b[32+x] = (e3+o0+round)>>shift, (e3-o0+round)>>shift
	}
	for y := range blockSide {
		const shift = dctBits + passBits + 3
		const round = 1<<(shift-1) + 128<<shift // and the level shift
		in := (*[8]int32)(b[8*y:])
		out := (*[8]uint8)(dst[y*stride:])
		e0, e1, e2, e3 := even(in[0], in[2], in[4], in[6])
		o0, o1, o2, o3 := odd(in[1], in[3], in[5], in[7])
		out[0], out[7] = clamp((e0+o3+round)>>shift), clamp((e0-o3+round)>>shift)
		out[1], out[6] = clamp((e1+o2+round)>>shift), clamp((e1-o2+round)>>shift)
		out[2], out[5] = clamp((e2+o1+round)>>shift), clamp((e2-o1+round)>>shift)
		out[3], out[4] = clamp((e3+o0+round)>>shift), clamp((e3-o0+round)>>shift)
	}
}

// flat is invert for a block with only a mean. Half of all blocks have no more.
func flat(mean int32, dst []uint8, stride int) {
	const shift = passBits + 3
	v := uint64(clamp((mean<<passBits+1<<(shift-1))>>shift+128)) * 0x0101010101010101
	for y := range blockSide {
		out := (*[8]uint8)(dst[y*stride:])
		out[0], out[1], out[2], out[3] = uint8(v), uint8(v), uint8(v), uint8(v)
		out[4], out[5], out[6], out[7] = uint8(v), uint8(v), uint8(v), uint8(v)
	}
}

func even(i0, i2, i4, i6 int32) (e0, e1, e2, e3 int32) {
	z := (i2 + i6) * f0541
	t2, t3 := z-i6*f1847, z+i2*f0765
	t0, t1 := (i0+i4)<<dctBits, (i0-i4)<<dctBits
	return t0 + t3, t1 + t2, t1 - t2, t0 - t3
}

func odd(i1, i3, i5, i7 int32) (o0, o1, o2, o3 int32) {
	z1, z2, z3, z4 := i7+i1, i5+i3, i7+i3, i5+i1
	z5 := (z3 + z4) * f1175
	z1, z2 = -z1*f0899, -z2*f2562
	z3, z4 = z5-z3*f1961, z5-z4*f0390
	return i7*f0298 + z1 + z3, i5*f2053 + z2 + z4, i3*f3072 + z2 + z3, i1*f1501 + z1 + z4
}

func clamp(v int32) uint8 {
	if uint32(v) <= 255 {
		return uint8(v)
	}
	return uint8(^(v >> 31)) // 0 below, 255 above
}
