// Package textfile reads the text files that people write: in UTF-8, with or without a
// byte order mark, or in UTF-16, as editors and spreadsheets on Windows have it. It
// imports nothing of ours. Start at [Decode].
package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode is the text of a file's bytes, without a byte order mark. UTF-16 is known by
// its mark, or without one by the zero bytes of its first letters. What is neither it
// nor UTF-8 is an error that names the line.
func Decode(data []byte) (string, error) {
	if order, n := orderOf(data); order != utf8Order {
		return decode16(data[n:], order)
	}
	data = bytes.TrimPrefix(data, []byte(mark8))
	if !utf8.Valid(data) {
		return "", fmt.Errorf("line %d is not UTF-8: save the text as UTF-8", lineOf(data))
	}
	return string(data), nil
}

// NewReader is r as UTF-8 without a byte order mark, for texts without an end. Bytes
// that are not UTF-8 are passed on: names of files may have any.
func NewReader(r io.Reader) io.Reader {
	return &reader{r: bufio.NewReader(r)}
}

const mark8 = "\xef\xbb\xbf"

type byteOrder int

const (
	utf8Order byteOrder = iota
	littleEndian
	bigEndian
)

// orderOf is the order of the bytes, and how many of them are a mark.
func orderOf(head []byte) (order byteOrder, mark int) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return littleEndian, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return bigEndian, 2
	case len(head) >= 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		return littleEndian, 0
	case len(head) >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		return bigEndian, 0
	}
	return utf8Order, 0
}

func (o byteOrder) unit(b []byte) uint16 {
	if o == bigEndian {
		return uint16(b[0])<<8 | uint16(b[1])
	}
	return uint16(b[1])<<8 | uint16(b[0])
}

func decode16(data []byte, order byteOrder) (string, error) {
	if len(data)%2 != 0 {
		return "", errors.New("half a letter at its end: UTF-16 has two bytes each")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.unit(data[2*i:])
	}
	return string(utf16.Decode(units)), nil
}

// lineOf is the number of the first line that is not UTF-8.
func lineOf(data []byte) int {
	n := 1
	for line := range bytes.Lines(data) {
		if !utf8.Valid(line) {
			return n
		}
		n++
	}
	return n
}

// reader decodes as it reads.
type reader struct {
	r       *bufio.Reader
	started bool
	order   byteOrder
	rest    []byte // decoded, and not passed on yet
}

func (t *reader) Read(p []byte) (int, error) {
	if !t.started {
		t.started = true
		if err := t.start(); err != nil {
			return 0, err
		}
	}
	if t.order == utf8Order {
		return t.r.Read(p)
	}
	if len(t.rest) == 0 {
		if err := t.letter(); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// start looks at the first bytes, as few of them as tell.
func (t *reader) start() error {
	head, err := t.r.Peek(2)
	if len(head) == 2 && bytes.IndexByte([]byte("\xff\xfe\xef\x00"), head[0]) < 0 && head[1] != 0 {
		return nil // a list that is typed has no fourth byte yet
	}
	if len(head) == 2 {
		head, err = t.r.Peek(4)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var mark int
	if t.order, mark = orderOf(head); bytes.HasPrefix(head, []byte(mark8)) {
		mark = len(mark8)
	}
	_, err = t.r.Discard(mark)
	return err
}

// letter decodes the next letter, of one unit or two.
func (t *reader) letter() error {
	var b [2]byte
	if _, err := io.ReadFull(t.r, b[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("half a letter at its end: UTF-16 has two bytes each")
		}
		return err
	}
	letter := rune(t.order.unit(b[:]))
	if utf16.IsSurrogate(letter) {
		low, err := t.r.Peek(2)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		letter = utf8.RuneError
		if len(low) == 2 {
			pair := utf16.DecodeRune(rune(t.order.unit(b[:])), rune(t.order.unit(low)))
			if pair != utf8.RuneError {
				letter = pair
				t.r.Discard(2) // which Peek has buffered
			}
		}
	}
	t.rest = utf8.AppendRune(t.rest[:0], letter)
	return nil
}
