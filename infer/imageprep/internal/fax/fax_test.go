package fax

import (
	"bytes"
	"errors"
	"testing"
)

// bits packs text of zeros and ones; spaces do not count.
func bits(text string) []byte {
	var out []byte
	n := 0
	for _, c := range text {
		if c == ' ' {
			continue
		}
		if n%8 == 0 {
			out = append(out, 0)
		}
		out[n/8] |= byte(c-'0') << (7 - n%8)
		n++
	}
	return append(out, 0, 0) // as much as the decoder looks ahead
}

const eol = "000000000001"

// TestRows decodes the rows ..##.... and ..##.#.. and so on, coded by hand after T.4
// and T.6: two white is 0111, two black 11, four white 1011, one black 010.
func TestRows(t *testing.T) {
	tests := []struct {
		name   string
		coding Coding
		data   []byte
		want   []byte
	}{
		{"runs", Group3, bits(eol + "0111 11 1011" + eol + "0111 11 000111 010 0111"),
			[]byte{0b00110000, 0b00110100}},
		{"runs without ends of line", Group3, bits("0111 11 1011 0111 11 000111 010 0111"),
			[]byte{0b00110000, 0b00110100}},
		{"ends of line at whole bytes", Group3,
			bits("0000" + eol + "0111 11 1011 00" + "0000" + eol + "0111 11 1011"),
			[]byte{0b00110000, 0b00110000}},
		{"begins in black", Group3, bits("00110101 11 1110"), []byte{0b11000000}},
		{"whole bytes", Huffman, bits("0111 11 1011 000000" + "0111 11 1011"),
			[]byte{0b00110000, 0b00110000}},
		{"two dimensions", Group3Rows, bits(eol + "1 0111 11 1011" + eol + "0 1 011 1"),
			[]byte{0b00110000, 0b00111000}},
		{"group 4: horizontal, then vertical", Group4,
			bits("001 0111 11 1" + "010 000011 1" + "1 0000010 1"),
			[]byte{0b00110000, 0b01111100, 0b01100000}},
		{"group 4: pass", Group4, bits("001 0111 11 1" + "0001 1"), []byte{0b00110000, 0}},
	}
	for _, tt := range tests {
		got := make([]byte, len(tt.want))
		if err := Decode(got, tt.data, 8, tt.coding); err != nil || !bytes.Equal(got, tt.want) {
			t.Errorf("%s: got %08b (%v), want %08b", tt.name, got, err, tt.want)
		}
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		coding Coding
		data   []byte
		want   error
	}{
		{"nothing", Group3, nil, ErrTruncated},
		{"nothing in two dimensions", Group4, nil, ErrTruncated},
		{"no row left", Group4, []byte{0x80}, ErrTruncated},
		{"a run past the edge", Group3, bits("10011" + "0101010101010101"), ErrDamaged},
		{"a change before the edge", Group4, bits("001 0111 11 1 0000010" + "1111111111111111"),
			ErrDamaged},
		{"uncompressed pixels", Group4, bits("0000001111"), ErrUnsupported},
		{"no end of line", Group3Rows, bits("1 0111 11 1011 0111111111111111"), ErrDamaged},
		{"runs of nothing", Group3, bytes.Repeat([]byte{0b00110101, 0b00001101, 0b11001101,
			0b01000011, 0b01110011, 0b01010000, 0b11011100, 0b11010100, 0b00110111}, 99), ErrDamaged},
	}
	for _, tt := range tests {
		if err := Decode(make([]byte, 3), tt.data, 8, tt.coding); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(bits("001 0111 11 1 0001 1"), uint16(8), uint8(3), uint8(2))
	f.Add(bits(eol+"1 0111 11 1011"+eol+"0 1 011 1"), uint16(8), uint8(2), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, width uint16, coding, rows uint8) {
		w := int(width) + 1
		_ = Decode(make([]byte, (w+7)/8*int(rows)), data, w, Coding(coding%4))
	})
}
