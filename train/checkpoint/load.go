package checkpoint

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/numbers"
	"github.com/flowerctl/flowerctl/train/optim"
)

const (
	maxHeader = 64 << 20 // bytes; the largest network here has 30 KB
	chunk     = 1 << 16  // values that are converted at a time
)

// Load reads a checkpoint and checks all of it: that the header and the sizes
// agree with the file, that the Spec is a network, that the weights are those of
// the Spec and the accumulators those of its parameters, and that every value is
// finite. Hostile files give errors, never panics, and take no more memory than
// their own size a few times over.
func Load(path string) (*Checkpoint, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("checkpoint %s: is not a file", path)
	}
	c, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", path, err)
	}
	return c, nil
}

// Read reads a checkpoint of size bytes, as Load does.
func Read(r io.Reader, size int64) (*Checkpoint, error) {
	head, dataSize, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	if got := head.Metadata["format"]; got != formatName {
		return nil, fmt.Errorf("format is %q, want %q: was it written by another program or version?",
			got, formatName)
	}
	c := &Checkpoint{Weights: model.Weights{}}
	if err := c.readMetadata(head.Metadata); err != nil {
		return nil, err
	}
	order, err := checkLayout(head.Tensors, dataSize)
	if err != nil {
		return nil, err
	}
	br := bufio.NewReaderSize(r, 4*chunk)
	for _, name := range order {
		t := onnx.Tensor{Shape: head.Tensors[name].Shape}
		if t.Data, err = readFloats(br, onnx.Elements(t.Shape)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		slot, ok := strings.CutPrefix(name, slotPrefix)
		switch {
		case !ok:
			c.Weights[name] = t
		case c.Optimizer == nil:
			return nil, fmt.Errorf("%s: but there is no optimizer", name)
		default:
			c.Optimizer.Slots[slot] = t.Data
		}
	}
	return c, c.check()
}

// readHeader returns the header and the number of bytes after it.
func readHeader(r io.Reader, size int64) (header, int64, error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return header{}, 0, fmt.Errorf("too short for a header: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader || int64(n) > size-8 {
		return header{}, 0, fmt.Errorf("header of %d bytes in a file of %d: is not a checkpoint", n, size)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, 0, fmt.Errorf("header: %w", err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return header{}, 0, fmt.Errorf("header: %w", err)
	}
	h := header{Tensors: make(map[string]entry, len(raw))}
	for name, value := range raw {
		var err error
		if name == "__metadata__" {
			err = json.Unmarshal(value, &h.Metadata)
		} else {
			var e entry
			err = json.Unmarshal(value, &e)
			h.Tensors[name] = e
		}
		if err != nil {
			return header{}, 0, fmt.Errorf("header: %s: %w", name, err)
		}
	}
	return h, size - 8 - int64(n), nil
}

// checkLayout says whether the tensors fill the data without gap or overlap,
// and returns their names in the order of the file.
func checkLayout(tensors map[string]entry, size int64) ([]string, error) {
	order := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		x, y := tensors[a].Offsets, tensors[b].Offsets
		if c := slices.Compare(x[:], y[:]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	var at uint64
	for _, name := range order {
		e := tensors[name]
		if e.Dtype != "F32" {
			return nil, fmt.Errorf("%s: dtype is %q, want F32", name, e.Dtype)
		}
		n := onnx.Elements(e.Shape)
		if n < 0 || int64(n) > size/4 {
			return nil, fmt.Errorf("%s: shape %v does not fit in %d bytes", name, e.Shape, size)
		}
		if e.Offsets != [2]uint64{at, at + 4*uint64(n)} {
			return nil, fmt.Errorf("%s: of shape %v at bytes %v, want it at %v",
				name, e.Shape, e.Offsets, [2]uint64{at, at + 4*uint64(n)})
		}
		at = e.Offsets[1]
	}
	if at != uint64(size) {
		return nil, fmt.Errorf("tensors have %d bytes, the file has %d", at, size)
	}
	return order, nil
}

func (c *Checkpoint) readMetadata(meta map[string]string) error {
	var opt *optimizerMeta
	for name, part := range map[string]any{
		"spec": &c.Spec, "labels": &c.Labels, "preprocess": &c.Preprocess, "training": &c.Training,
		"optimizer": &opt,
	} {
		text, ok := meta[name]
		if !ok && name == "optimizer" {
			continue
		}
		if err := json.Unmarshal([]byte(text), part); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if opt != nil {
		c.Optimizer = &optim.State{Name: opt.Name, Step: opt.Step, Slots: map[string][]float32{}}
	}
	if loop := meta["loop"]; loop != "" {
		c.Loop = json.RawMessage(loop)
	}
	return nil
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

// check says whether the parts of c fit together.
func (c *Checkpoint) check() error {
	if err := c.Spec.CheckWeights(c.Weights); err != nil {
		return err
	}
	if len(c.Labels) != c.Spec.Classes {
		return fmt.Errorf("%d labels, want one for each of %d classes", len(c.Labels), c.Spec.Classes)
	}
	if c.Preprocess.Size != c.Spec.Input[1] || c.Preprocess.Size != c.Spec.Input[2] {
		return fmt.Errorf("images are prepared at size %d, the network takes %v", c.Preprocess.Size, c.Spec.Input)
	}
	if len(c.Loop) > 0 && !json.Valid(c.Loop) {
		return fmt.Errorf("loop is not JSON")
	}
	params, err := c.Spec.Params()
	if err != nil {
		return err
	}
	trainable := make(map[string]int, len(params))
	for _, p := range params {
		if strings.HasPrefix(p.Name, slotPrefix) {
			return fmt.Errorf("%s: names that start with %s are the optimizer's", p.Name, slotPrefix)
		}
		if err := finite(p.Name, c.Weights[p.Name].Data); err != nil {
			return err
		}
		if p.Trainable {
			trainable[p.Name] = onnx.Elements(p.Shape)
		}
	}
	return c.checkSlots(trainable)
}

// checkSlots says whether every accumulator is that of a trainable parameter.
func (c *Checkpoint) checkSlots(trainable map[string]int) error {
	if c.Optimizer == nil {
		return nil
	}
	for _, slot := range slices.Sorted(maps.Keys(c.Optimizer.Slots)) {
		data := c.Optimizer.Slots[slot]
		_, param, _ := strings.Cut(slot, "/")
		n, ok := trainable[param]
		if !ok || len(data) != n {
			return fmt.Errorf("accumulator %s has %d values, want those of a trainable parameter (%d)",
				slot, len(data), n)
		}
		if err := finite(slot, data); err != nil {
			return err
		}
	}
	return nil
}

func finite(name string, data []float32) error {
	for i, v := range data {
		if !numbers.Finite(v) {
			return fmt.Errorf("%s: value %d is %g, want a finite one", name, i, v)
		}
	}
	return nil
}
