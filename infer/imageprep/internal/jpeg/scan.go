package jpeg

import "encoding/binary"

// run decodes one scan.
type run struct {
	*scan
	d       *decoder
	index   [4]int // positions of the components in the frame
	mean    [4]int32
	pending int // end-of-band run: how many more blocks have no coefficients
	// block decodes the k-th component's block (x, y).
	block func(k, x, y int) error
}

// decodeScan decodes the entropy-coded data of one scan, restart interval by
// restart interval.
func (d *decoder) decodeScan(s *scan, entropy []byte) error {
	r, err := d.newRun(s)
	if err != nil {
		return err
	}
	units := d.mcuX * d.mcuY
	across := d.mcuX
	if len(s.comps) == 1 { // not interleaved: a unit is one block, and only real ones
		c := s.comps[0]
		across = ceilDiv(c.w, blockSide)
		units = across * ceilDiv(c.rows, blockSide)
	}
	step := units
	if d.interval > 0 {
		step = d.interval
	}
	marker, expected := byte(0), byte(rst0)
	for at := 0; at < units; at += step {
		if at > 0 {
			if marker != expected {
				return FormatError("restart markers out of order")
			}
			expected = rst0 | (expected+1)&7
		}
		entropy, marker = d.bits.fill(entropy)
		r.mean, r.pending = [4]int32{}, 0
		if err := r.units(at, min(at+step, units), across); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) newRun(s *scan) (*run, error) {
	r := &run{scan: s, d: d}
	for k, c := range s.comps {
		i := d.Frame.index(c)
		r.index[k] = i
		if d.used[i] == nil {
			d.used[i] = d.quants[c.quantizer]
		}
		if d.used[i] == nil {
			return nil, FormatError("no quantization table")
		}
		needDC, needAC := s.first == 0 && s.high == 0, s.last > 0
		if needDC && !d.dc[s.dc[k]].defined || needAC && !d.ac[s.ac[k]].defined {
			return nil, FormatError("no Huffman table")
		}
	}
	switch {
	case !d.progressive:
		r.block = r.sequential
	case s.first == 0 && s.high == 0:
		r.block = r.dcFirst
	case s.first == 0:
		r.block = r.dcRefine
	case s.high == 0:
		r.block = r.acFirst
	default:
		r.block = r.acRefine
	}
	return r, nil
}

// units decodes units from to before to.
func (r *run) units(from, to, across int) error {
	x, y := from%across, from/across
	for range to - from {
		if err := r.unit(x, y); err != nil {
			return err
		}
		if x++; x == across {
			x, y = 0, y+1
		}
	}
	return nil
}

func (r *run) unit(x, y int) error {
	if len(r.comps) == 1 {
		return r.checked(0, x, y)
	}
	for k, c := range r.comps {
		for j := range c.v {
			for i := range c.h {
				if err := r.checked(k, x*c.h+i, y*c.v+j); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checked decodes a block and checks that the data did not end inside it.
func (r *run) checked(k, x, y int) error {
	if err := r.block(k, x, y); err != nil {
		return err
	}
	if r.d.bits.overrun() {
		return TruncatedError("a scan ends too soon")
	}
	return nil
}

const (
	errCode = FormatError("a code that is in no Huffman table")
	errRun  = FormatError("a run of zeros that leaves its block")
)

// sequential decodes, dequantizes and inverts a block of a baseline image.
func (r *run) sequential(k, x, y int) error {
	d, i := r.d, r.index[k]
	bits, quant := &d.bits, d.used[i]
	var b [blockLen]int32
	size, bad := d.dc[r.dc[k]].symbol(bits)
	if bad {
		return errCode
	}
	r.mean[k] += extend(bits.bits(uint(size)), uint(size))
	b[0] = r.mean[k] * int32(quant[0])
	last, err := r.sequentialAC(&b, &d.ac[r.ac[k]], quant)
	if err != nil {
		return err
	}
	p := &d.pic.planes[i]
	invert(&b, last, p.pix[blockSide*(y*p.stride+x):], p.stride)
	return nil
}

// sequentialAC reads a block's other coefficients and returns the place of the last
// one. The position is a local variable: this loop takes half of the time.
func (r *run) sequentialAC(b *[blockLen]int32, table *huffman, quant *[blockLen]uint16) (
	last int, err error) {
	bits := &r.d.bits
	buf, pos := bits.buf, bits.pos
	for z := 1; z < blockLen; z++ {
		w := binary.BigEndian.Uint64(buf[pos>>3:]) << (pos & 7)
		if e := table.values[w>>(64-lookBits)]; e != 0 {
			pos += int(e & 255)
			if z += int(e >> 8 & 255); z >= blockLen {
				return 0, errRun
			}
			b[natural[z]] = (e >> 16) * int32(quant[z])
			last = z
			continue
		}
		s, length := table.lookUp(w)
		if length == 0 {
			return 0, errCode
		}
		pos += length
		zeros, n := int(s>>4), uint(s&15)
		if n == 0 {
			if zeros != 15 {
				break
			}
			z += 15
			continue
		}
		if z += zeros; z >= blockLen {
			return 0, errRun
		}
		b[natural[z]] = extend(uint32(w<<length>>(64-n)), n) * int32(quant[z])
		pos += int(n)
		last = z
	}
	bits.pos = pos
	return last, nil
}
