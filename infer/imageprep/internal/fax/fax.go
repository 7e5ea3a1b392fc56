// Package fax decodes the bilevel compressions of fax machines that TIFF files use:
// ITU-T T.4 (Group 3, in one and two dimensions), T.6 (Group 4) and TIFF's modified
// Huffman rows. Start at [Decode].
//
// golang.org/x/image/ccitt has no two-dimensional Group 3, and needs an end of line
// before every row of Group 3, which T.4 in TIFF files may leave out.
//
// The bytes may come from anyone. Decode allocates in proportion to the width only,
// and its time is bounded by the size of its result and of the data.
package fax

import "errors"

// What is wrong with data.
var (
	ErrTruncated   = errors.New("the fax data ends too soon")
	ErrDamaged     = errors.New("damaged fax data")
	ErrUnsupported = errors.New("fax data with uncompressed pixels")
)

// Coding is how rows are written.
type Coding int

// The codings.
const (
	Huffman    Coding = iota // TIFF compression 2: runs, each row begins at a byte
	Group3                   // T.4, runs
	Group3Rows               // T.4, each row as runs or as differences from the row above
	Group4                   // T.6, differences from the row above
)

// Decode fills dst with rows of width pixels, 8 a byte, the first in the highest
// bit, each row beginning at a byte. A 1 is black, as T.4 calls it. dst must be a
// whole number of rows.
func Decode(dst, data []byte, width int, coding Coding) error {
	d := &decoder{bits: bitReader{data: data}, width: width, coding: coding}
	d.above = append(d.above, width, width, width)
	stride := (width + 7) / 8
	for ; len(dst) > 0; dst = dst[stride:] {
		d.row = d.row[:0]
		if err := d.decodeRow(); err != nil {
			return err
		}
		paint(dst[:stride], d.row)
		d.row = append(d.row, width, width, width)
		d.above, d.row = d.row, d.above
	}
	return nil
}

// decoder reads rows as the places where the colour changes: to black, to white and
// so on. The row above ends with three changes at the width.
type decoder struct {
	bits       bitReader
	width      int
	coding     Coding
	above, row []int
}

func (d *decoder) decodeRow() error {
	switch d.coding {
	case Group4:
		return d.differences()
	case Huffman:
		d.bits.align()
	case Group3:
		d.bits.endOfLine()
	case Group3Rows:
		if !d.bits.endOfLine() {
			return d.fault()
		}
		if d.bits.take(1) == 0 {
			return d.differences()
		}
	}
	return d.runs()
}

// fault is the error of data that makes no sense here.
func (d *decoder) fault() error {
	if d.bits.ended() {
		return ErrTruncated
	}
	return ErrDamaged
}

// tooMany reports that the row has more changes than any row needs: runs of no
// pixels must not keep the decoder busy.
func (d *decoder) tooMany() bool { return len(d.row) > 2*d.width+8 }

// runs reads a row in one dimension, T.4 section 4.1.
func (d *decoder) runs() error {
	at := 0
	for colour := 0; at < d.width; colour ^= 1 {
		n, ok := d.run(colour)
		if !ok || n > d.width-at || d.tooMany() {
			return d.fault()
		}
		at += n
		d.row = append(d.row, at)
	}
	return nil
}

// run reads the length of a run of white (0) or black (1).
func (d *decoder) run(colour int) (n int, ok bool) {
	for n <= d.width {
		c := codes()[colour][d.bits.peek(longestCode)]
		if c.length == 0 {
			return 0, false
		}
		d.bits.skip(int(c.length))
		n += int(c.run)
		if c.run < 64 {
			return n, !d.bits.overrun()
		}
	}
	return 0, false
}

// differences reads a row in two dimensions, T.4 section 4.2 and T.6 section 2.2.
func (d *decoder) differences() error {
	at, colour, i := -1, 0, 0 // i is the index of b1 in the row above
	for at < d.width {
		for i = max(i-1, 0); i&1 != colour || d.above[i] <= at && d.above[i] < d.width; i++ {
		}
		b1, b2 := d.above[i], d.above[i+1]
		m := modes[d.bits.peek(longestMode)]
		d.bits.skip(int(m.length))
		switch {
		case m.length == 0 || d.bits.overrun() || d.tooMany():
			return d.fault()
		case m.kind == extension:
			return ErrUnsupported
		case m.kind == pass:
			at = b2
		case m.kind == horizontal:
			first, ok := d.run(colour)
			second, more := d.run(colour ^ 1)
			at = max(at, 0)
			if !ok || !more || first+second > d.width-at {
				return d.fault()
			}
			d.row = append(d.row, at+first, at+first+second)
			at += first + second
		default:
			change := b1 + int(m.offset)
			if change < max(at, 0) || change > d.width {
				return d.fault()
			}
			d.row = append(d.row, change)
			at, colour = change, colour^1
		}
	}
	return nil
}

// paint sets the black pixels of a row.
func paint(dst []byte, changes []int) {
	clear(dst)
	for ; len(changes) > 0; changes = changes[min(2, len(changes)):] {
		from, to := changes[0], 8*len(dst)
		if len(changes) > 1 {
			to = changes[1]
		}
		for x := from; x < to; {
			if x&7 == 0 && to-x >= 8 {
				dst[x>>3] = 0xff
				x += 8
				continue
			}
			dst[x>>3] |= 0x80 >> (x & 7)
			x++
		}
	}
}
