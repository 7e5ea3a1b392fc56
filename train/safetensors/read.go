package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
)

// Reader reads a file from its start to its end. Hostile files give errors, never
// panics, and take no more memory than their own size a few times over.
type Reader struct {
	Metadata map[string]string

	r       io.Reader
	entries map[string]entry
	size    int64 // bytes after the header
}

// NewReader reads the header of a file of size bytes.
func NewReader(r io.Reader, size int64) (*Reader, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, fmt.Errorf("too short for a header: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > MaxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes in a file of %d", n, size)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	out := &Reader{r: r, entries: make(map[string]entry, len(raw)), size: size - 8 - int64(n)}
	for name, value := range raw {
		var err error
		if name == metadataKey {
			err = json.Unmarshal(value, &out.Metadata)
		} else {
			var e entry
			err = json.Unmarshal(value, &e)
			out.entries[name] = e
		}
		if err != nil {
			return nil, fmt.Errorf("header: %s: %w", name, err)
		}
	}
	return out, nil
}

// Tensors reads the tensors, once, in the order of the file, after it has checked
// that they fill the file without gap or overlap. An error is the last pair.
func (r *Reader) Tensors() iter.Seq2[Tensor, error] {
	return func(yield func(Tensor, error) bool) {
		order, err := r.layout()
		if err != nil {
			yield(Tensor{}, err)
			return
		}
		buffered := bufio.NewReaderSize(r.r, 4*chunk)
		for _, name := range order {
			t := Tensor{Name: name, Tensor: onnx.Tensor{Shape: r.entries[name].Shape}}
			if t.Data, err = readFloats(buffered, onnx.Elements(t.Shape)); err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// layout says whether the tensors fill the data without gap or overlap, and
// returns their names in the order of the file.
func (r *Reader) layout() ([]string, error) {
	order := slices.SortedFunc(maps.Keys(r.entries), func(a, b string) int {
		x, y := r.entries[a].Offsets, r.entries[b].Offsets
		if c := slices.Compare(x[:], y[:]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	var at uint64
	for _, name := range order {
		e := r.entries[name]
		if e.Dtype != float32Type {
			return nil, fmt.Errorf("%s: dtype is %q, want %s", name, e.Dtype, float32Type)
		}
		n := onnx.Elements(e.Shape)
		if n < 0 || int64(n) > r.size/4 {
			return nil, fmt.Errorf("%s: shape %v does not fit in %d bytes", name, e.Shape, r.size)
		}
		if want := [2]uint64{at, at + 4*uint64(n)}; e.Offsets != want {
			return nil, fmt.Errorf("%s: of shape %v at bytes %v, want it at %v", name, e.Shape, e.Offsets, want)
		}
		at = e.Offsets[1]
	}
	if at != uint64(r.size) {
		return nil, fmt.Errorf("tensors have %d bytes, the file has %d", at, r.size)
	}
	return order, nil
}

// readFloats reads n little-endian float32 values. It grows its result as the
// values come, so that a reader that ends early costs little.
func readFloats(r io.Reader, n int) ([]float32, error) {
	data := make([]float32, 0, min(n, 16*chunk))
	buf := make([]byte, 4*min(n, chunk))
	for len(data) < n {
		part := buf[:4*min(n-len(data), chunk)]
		if _, err := io.ReadFull(r, part); err != nil {
			return nil, err
		}
		data = slices.Grow(data, len(part)/4)
		for i := 0; i < len(part); i += 4 {
			data = append(data, math.Float32frombits(binary.LittleEndian.Uint32(part[i:])))
		}
	}
	return data, nil
}
