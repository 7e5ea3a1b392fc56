package tensorboard

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"

	"google.golang.org/protobuf/encoding/protowire"
)

// mostBytes bounds a record. Those of scalars and settings have less than a thousandth.
const mostBytes = 16 << 20

// LastStep is the last step of which the event files in a folder have a scalar with the
// tag; false where there is none. A file counts up to its first record that is damaged or
// not complete, as that of a process which was killed may be.
func LastStep(dir, tag string) (last int64, there bool, err error) {
	paths, err := files(dir)
	if err != nil {
		return 0, false, err
	}
	for _, path := range paths {
		err := readFile(path, func(step int64, s Scalar) {
			if s.Tag == tag && (!there || step > last) {
				last, there = step, true
			}
		})
		if err != nil {
			return 0, false, err
		}
	}
	return last, there, nil
}

// readFile calls see for the scalars of an event file.
func readFile(path string, see func(step int64, s Scalar)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return readEvents(bufio.NewReader(f), see)
}

func readEvents(r io.Reader, see func(step int64, s Scalar)) error {
	for {
		data, err := readRecord(r)
		if errors.Is(err, io.EOF) || errors.Is(err, errDamaged) {
			return nil
		}
		if err != nil {
			return err
		}
		readEvent(data, see)
	}
}

var errDamaged = errors.New("damaged record")

// readRecord returns the data of the next record; io.EOF where the file ends before it
// does.
func readRecord(r io.Reader) ([]byte, error) {
	var head [12]byte
	if err := readAll(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(head[:8])
	if binary.LittleEndian.Uint32(head[8:]) != masked(head[:8]) || n > mostBytes {
		return nil, errDamaged
	}
	data := make([]byte, n+4)
	if err := readAll(r, data); err != nil {
		return nil, err
	}
	data, sum := data[:n], data[n:]
	if binary.LittleEndian.Uint32(sum) != masked(data) {
		return nil, errDamaged
	}
	return data, nil
}

// readAll fills b; a file that ends within it ends.
func readAll(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// readEvent calls see for the scalars of an event.
func readEvent(data []byte, see func(step int64, s Scalar)) {
	var step int64
	var values [][]byte
	fields(data, func(number protowire.Number, v uint64, b []byte) {
		switch number {
		case eventStep:
			step = int64(v)
		case eventSummary:
			fields(b, func(number protowire.Number, _ uint64, b []byte) {
				if number == summaryValue {
					values = append(values, b)
				}
			})
		}
	})
	for _, value := range values {
		var s Scalar
		scalar := false
		fields(value, func(number protowire.Number, v uint64, b []byte) {
			switch number {
			case valueTag:
				s.Tag = string(b)
			case valueSimple:
				s.Value, scalar = float64(math.Float32frombits(uint32(v))), true
			}
		})
		if scalar {
			see(step, s)
		}
	}
}

// fields calls f for the fields of a message: with the number of those that are numbers,
// with the bytes of others. It ends at the first that is none.
func fields(data []byte, f func(number protowire.Number, v uint64, b []byte)) {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return
		}
		data = data[n:]
		var v uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(data)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(data)
		case protowire.Fixed32Type:
			var v32 uint32
			v32, n = protowire.ConsumeFixed32(data)
			v = uint64(v32)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return
		}
		f(number, v, b)
		data = data[n:]
	}
}
