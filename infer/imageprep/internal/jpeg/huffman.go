package jpeg

// lookBits is the length of the codes that one table lookup decodes; longer codes
// are rare.
const lookBits = 9

// huffman decodes one table's codes.
type huffman struct {
	// look is a symbol and the length of its code, symbol<<8 | length, by the next
	// lookBits bits; 0 where the code is longer.
	look [1 << lookBits]uint16
	// values is a coefficient, by the next lookBits bits, where they hold both its
	// code and its value: value<<16 | run<<8 | length of both; 0 otherwise.
	values  [1 << lookBits]int32
	limit   [18]uint32 // by length: the first 16-bit code that is longer
	offset  [17]int32  // by length: index of a code's symbol, less the code
	symbols [256]uint8
	defined bool
}

// define reads one table of a DHT segment and returns what follows it. Source:
// T.81, B.2.4.2 and annex C.
func (t *huffman) define(b []byte) ([]byte, error) {
	if len(b) < 16 {
		return nil, FormatError("a short Huffman table")
	}
	total := 0
	for _, n := range b[:16] {
		total += int(n)
	}
	if total == 0 || total > 256 || len(b) < 16+total {
		return nil, FormatError("a Huffman table of the wrong length")
	}
	*t = huffman{defined: true}
	copy(t.symbols[:], b[16:16+total])
	code, index := uint32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := uint32(b[length-1])
		t.offset[length] = index - int32(code)
		for range n {
			if code >= 1<<length {
				return nil, FormatError("a Huffman table with too many codes")
			}
			t.enter(code, length, t.symbols[index])
			code++
			index++
		}
		t.limit[length] = code << (16 - length)
		code <<= 1
	}
	t.limit[17] = 1 << 16
	return b[16+total:], nil
}

// enter adds a short code to the lookup tables.
func (t *huffman) enter(code uint32, length int, symbol uint8) {
	if length > lookBits {
		return
	}
	free := lookBits - length
	size := int(symbol & 15)
	for i := range uint32(1) << free {
		at := code<<free | i
		t.look[at] = uint16(symbol)<<8 | uint16(length)
		if size == 0 || size > free {
			continue
		}
		value := extend(i>>(free-size), uint(size))
		t.values[at] = value<<16 | int32(symbol>>4)<<8 | int32(length+size)
	}
}

// symbol decodes the next code. bad means that the table does not have it.
func (t *huffman) symbol(r *bitReader) (s uint8, bad bool) {
	s, length := t.lookUp(r.peek())
	r.pos += length
	return s, length == 0
}

// lookUp decodes the code on top of w, and returns its length, 0 if the table
// does not have it.
func (t *huffman) lookUp(w uint64) (symbol uint8, length int) {
	if e := t.look[w>>(64-lookBits)]; e != 0 {
		return uint8(e >> 8), int(e & 255)
	}
	code := uint32(w >> 48)
	length = lookBits + 1
	for code >= t.limit[length] {
		length++
	}
	if length > 16 {
		return 0, 0
	}
	return t.symbols[uint8(int32(code>>(16-length))+t.offset[length])], length
}
