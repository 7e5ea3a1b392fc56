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

// Event is what an event file says of a step, as far as this package reads it.
type Event struct {
	Step    int64
	Scalars []Scalar
	Restart bool // events before it of this step and later ones count no longer
}

// Read calls see for the events of the files in a folder, in the order in which
// TensorBoard reads them. A file counts up to its first record that is damaged or not
// complete, as that of a process which was killed may be.
func Read(dir string, see func(Event)) error {
	paths, err := files(dir)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := readFile(path, see); err != nil {
			return err
		}
	}
	return nil
}

// LastStep is the last step of which the event files in a folder have a scalar with the
// tag; false where there is none.
func LastStep(dir, tag string) (last int64, there bool, err error) {
	err = Read(dir, func(e Event) {
		for _, s := range e.Scalars {
			if s.Tag == tag && (!there || e.Step > last) {
				last, there = e.Step, true
			}
		}
	})
	return last, there, err
}

func readFile(path string, see func(Event)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return readEvents(bufio.NewReader(f), see)
}

func readEvents(r io.Reader, see func(Event)) error {
	for {
		data, err := readRecord(r)
		if errors.Is(err, io.EOF) || errors.Is(err, errDamaged) {
			return nil
		}
		if err != nil {
			return err
		}
		see(readEvent(data))
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

// readEvent reads an event, as far as it is one.
func readEvent(data []byte) (e Event) {
	fields(data, func(number protowire.Number, v uint64, b []byte) {
		switch number {
		case eventStep:
			e.Step = int64(v)
		case eventSummary:
			fields(b, func(number protowire.Number, _ uint64, b []byte) {
				if s, ok := readScalar(b); ok && number == summaryValue {
					e.Scalars = append(e.Scalars, s)
				}
			})
		case eventSession:
			fields(b, func(number protowire.Number, v uint64, _ []byte) {
				e.Restart = e.Restart || number == sessionStatus && v == sessionStart
			})
		}
	})
	return e
}

// readScalar reads a value of a summary; false where it is another kind of value.
func readScalar(data []byte) (s Scalar, ok bool) {
	fields(data, func(number protowire.Number, v uint64, b []byte) {
		switch number {
		case valueTag:
			s.Tag = string(b)
		case valueSimple:
			s.Value, ok = float64(math.Float32frombits(uint32(v))), true
		}
	})
	return s, ok
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
