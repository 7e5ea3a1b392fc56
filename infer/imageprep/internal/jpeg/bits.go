package jpeg

import (
	"bytes"
	"encoding/binary"
)

// padding is the number of zero bytes after a segment's bits. A block can then be
// read without a check for the end: 64 coefficients of 16 bits of code and 16 of
// value, and the 8 bytes of the last peek.
const padding = blockLen*4 + 8

// bitReader reads one restart interval, without its byte stuffing, from the most
// significant bit on. Reading past the end gives zeros; the caller checks overrun
// after every block.
type bitReader struct {
	buf []byte // padded
	pos int    // bits
	end int    // bits
}

// fill takes the restart interval at the beginning of entropy. It returns the rest
// and the restart marker between the two, 0 if there is none.
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

// peek returns at least 57 of the next bits, the first one on top.
func (r *bitReader) peek() uint64 {
	return binary.BigEndian.Uint64(r.buf[r.pos>>3:]) << (r.pos & 7)
}

// bits reads n of them, 0 to 32.
func (r *bitReader) bits(n uint) uint32 {
	v := r.peek() >> 1 >> (63 - n)
	r.pos += int(n)
	return uint32(v)
}

// overrun reports whether more bits were read than there are.
func (r *bitReader) overrun() bool { return r.pos > r.end }

// extend returns the n bits v as a signed value. Source: T.81, F.2.2.1.
func extend(v uint32, n uint) int32 {
	if n == 0 || v>>(n-1) != 0 {
		return int32(v)
	}
	return int32(v) - 1<<n + 1
}
