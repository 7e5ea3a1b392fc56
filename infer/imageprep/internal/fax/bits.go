package fax

// bitReader reads bits, the highest of a byte first. Behind the end are zeros.
type bitReader struct {
	data []byte
	at   int // bits
}

// peek returns the next n bits, at most 16.
func (b *bitReader) peek(n int) uint32 {
	var v uint32
	for i := range 3 {
		v <<= 8
		if k := b.at>>3 + i; k < len(b.data) {
			v |= uint32(b.data[k])
		}
	}
	return v << (8 + b.at&7) >> (32 - n)
}

func (b *bitReader) skip(n int) { b.at += n }

func (b *bitReader) take(n int) uint32 {
	v := b.peek(n)
	b.skip(n)
	return v
}

func (b *bitReader) align() { b.at = (b.at + 7) &^ 7 }

// overrun reports that more bits were read than there are.
func (b *bitReader) overrun() bool { return b.at > 8*len(b.data) }

// ended reports that no code is left.
func (b *bitReader) ended() bool { return b.at+longestCode > 8*len(b.data) }

// endOfLine skips an end of line, if there is one here: at least 11 zeros and a one.
func (b *bitReader) endOfLine() bool {
	if b.peek(11) != 0 {
		return false
	}
	for b.peek(1) == 0 {
		if b.overrun() {
			return false
		}
		if b.at&7 == 0 && b.peek(8) == 0 {
			b.skip(8)
			continue
		}
		b.skip(1)
	}
	b.skip(1)
	return true
}
