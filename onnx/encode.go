package onnx

import (
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encode returns the model as the bytes of a file. Equal models give equal bytes.
func (m *Model) Encode() ([]byte, error) {
	msg, err := m.message()
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, msg.size)
	for _, p := range msg.parts {
		out = append(out, p...)
	}
	return out, nil
}

// WriteTo writes the bytes that Encode returns, without a copy of the weights.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	msg, err := m.message()
	if err != nil {
		return 0, err
	}
	var total int64
	for _, p := range msg.parts {
		n, err := w.Write(p)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (m *Model) message() (*message, error) {
	e := &encoder{}
	msg := e.model(m)
	if e.err == nil && msg.size > MaxFileBytes {
		e.err = fmt.Errorf("the model needs %d bytes, a file holds at most %d", msg.size, MaxFileBytes)
	}
	if e.err != nil {
		return nil, fmt.Errorf("encode model: %w", e.err)
	}
	return msg, nil
}

// message is an encoded protobuf message in parts, which saves copies of weights and
// of nested messages.
type message struct {
	parts [][]byte
	size  int
	tail  bool // the last part may be appended to
}

// aliasBytes is the length from which bytes are a part of their own, not copied.
const aliasBytes = 1 << 12

func (m *message) append(add func(b []byte) []byte) {
	if !m.tail {
		m.parts, m.tail = append(m.parts, nil), true
	}
	last := &m.parts[len(m.parts)-1]
	before := len(*last)
	*last = add(*last)
	m.size += len(*last) - before
}

func (m *message) varint(num protowire.Number, v int64) {
	m.append(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
	})
}

// optional writes v unless it is 0, as in proto3.
func (m *message) optional(num protowire.Number, v int64) {
	if v != 0 {
		m.varint(num, v)
	}
}

func (m *message) float(num protowire.Number, v float32) {
	m.append(func(b []byte) []byte {
		return protowire.AppendFixed32(protowire.AppendTag(b, num, protowire.Fixed32Type),
			math.Float32bits(v))
	})
}

func (m *message) header(num protowire.Number, n int) {
	m.append(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.BytesType), uint64(n))
	})
}

func (m *message) bytes(num protowire.Number, v []byte) {
	m.header(num, len(v))
	if len(v) < aliasBytes {
		m.append(func(b []byte) []byte { return append(b, v...) })
		return
	}
	m.parts, m.tail = append(m.parts, v), false
	m.size += len(v)
}

func (m *message) text(num protowire.Number, v string) {
	if v != "" {
		m.must(num, v)
	}
}

// must writes text even if it is empty, such as an element of a list.
func (m *message) must(num protowire.Number, v string) {
	m.header(num, len(v))
	m.append(func(b []byte) []byte { return append(b, v...) })
}

func (m *message) packed(num protowire.Number, v []int64) {
	if len(v) == 0 {
		return
	}
	var b []byte
	for _, x := range v {
		b = protowire.AppendVarint(b, uint64(x))
	}
	m.bytes(num, b)
}

func (m *message) message(num protowire.Number, sub *message) {
	m.header(num, sub.size)
	if len(sub.parts) == 1 && sub.size < aliasBytes {
		m.append(func(b []byte) []byte { return append(b, sub.parts[0]...) })
		return
	}
	m.parts, m.tail = append(m.parts, sub.parts...), false
	m.size += sub.size
}

// encoder makes messages of the model's types and records the first error.
type encoder struct{ err error }

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}
