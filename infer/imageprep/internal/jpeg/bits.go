package jpeg

import (
	"bytes"
	"encoding/binary"
)

// padding is what stands after a segment's bits, so that a block can be read
// without looking for the end: 64 coefficients of 16 bits of code and 16 of
// value, and the 8 bytes of the last look.
const padding = blockLen*4 + 8

// bitReader reads one restart interval, its byte stuffing removed before, from
// its most significant bit on. Reading past the end gives zeros and is found by
// overrun, which must be asked after every block.
type bitReader struct {
	buf []byte // padded
	pos int    // bits
	end int    // bits
}

// fill takes the restart interval at the beginning of entropy, and returns what
// follows and the restart marker between, 0 if there is none.
func (r *bitReader) fill(entropy []byte) (rest []byte, marker byte) {
	buf := r.buf[:0]
	if buf == nil {
		buf = make([]byte, 0, len(entropy)+padding)
	}
	for {
		i := bytes.IndexByte(entropy, 0xff)
		if i < 0 || i+1 == len(entropy) {
			buf, rest = append(buf, entropy[:max(i, 0)]...), nil
			if i < 0 {
				buf = append(buf, entropy...)
			}
			break
		}
		m := entropy[i+1]
		if m == 0 {
			buf = append(buf, entropy[:i+1]...)
			entropy = entropy[i+2:]
			continue
		}
		buf = append(buf, entropy[:i]...)
		if m == 0xff {
			entropy = entropy[i+1:]
			continue
		}
		rest, marker = entropy[i+2:], m
		break
	}
	r.end = 8 * len(buf)
	r.pos = 0
	r.buf = append(buf, make([]byte, padding)...)
	return rest, marker
}

// peek is the next bits, at least 57 of them, the first one on top.
func (r *bitReader) peek() uint64 {
	return binary.BigEndian.Uint64(r.buf[r.pos>>3:]) << (r.pos & 7)
}

// bits reads n of them, 0 to 32.
func (r *bitReader) bits(n uint) uint32 {
	v := r.peek() >> 1 >> (63 - n)
	r.pos += int(n)
	return uint32(v)
}

// overrun says whether more bits were read than there are.
func (r *bitReader) overrun() bool { return r.pos > r.end }

// extend makes a signed value of the n bits v. Source: T.81, F.2.2.1.
func extend(v uint32, n uint) int32 {
	if n == 0 || v>>(n-1) != 0 {
		return int32(v)
	}
	return int32(v) - 1<<n + 1
}
