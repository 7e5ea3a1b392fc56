package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// formatName is the metadata's "format"; a change of meaning changes its number.
const formatName = "flowerctl checkpoint 1"

const slotPrefix = "optimizer/"

// header is the JSON at the start of the file.
type header struct {
	Metadata map[string]string `json:"__metadata__"`
	Tensors  map[string]entry  `json:"-"` // beside __metadata__, by name
}

// entry is a tensor in the header.
type entry struct {
	Dtype   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"` // from the end of the header
}

// optimizerMeta is what of the optimizer's state is no tensor.
type optimizerMeta struct {
	Name string `json:"name"`
	Step uint64 `json:"step"`
}

// Save writes c to path, complete or not at all; a file that is there is
// replaced.
func Save(path string, c *Checkpoint) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, c) })
}

// Write writes c as a safetensors file. It fails before the first byte when c's
// parts do not fit together.
func Write(w io.Writer, c *Checkpoint) error {
	if err := c.check(); err != nil {
		return err
	}
	names, tensors, err := c.tensors()
	if err != nil {
		return err
	}
	meta, err := c.metadata()
	if err != nil {
		return err
	}
	all := map[string]any{"__metadata__": meta}
	var at uint64
	for i, name := range names {
		end := at + 4*uint64(len(tensors[i].Data))
		all[name] = entry{"F32", tensors[i].Shape, [2]uint64{at, end}}
		at = end
	}
	head, err := json.Marshal(all)
	if err != nil {
		return err
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	if len(head) > maxHeader {
		return fmt.Errorf("checkpoint: header has %d bytes, want at most %d", len(head), maxHeader)
	}
	head = append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := writeFloats(w, t.Data); err != nil {
			return err
		}
	}
	return nil
}

// tensors lists what the file holds, in its order: weights by the Spec, then
// the optimizer's accumulators by name.
func (c *Checkpoint) tensors() (names []string, tensors []onnx.Tensor, err error) {
	params, err := c.Spec.Params()
	if err != nil {
		return nil, nil, err
	}
	shapes := map[string][]int{}
	for _, p := range params {
		names = append(names, p.Name)
		tensors = append(tensors, c.Weights[p.Name])
		shapes[p.Name] = p.Shape
	}
	if c.Optimizer == nil {
		return names, tensors, nil
	}
	for _, slot := range slices.Sorted(maps.Keys(c.Optimizer.Slots)) {
		_, param, _ := strings.Cut(slot, "/")
		names = append(names, slotPrefix+slot)
		tensors = append(tensors, onnx.Tensor{Shape: shapes[param], Data: c.Optimizer.Slots[slot]})
	}
	return names, tensors, nil
}

func (c *Checkpoint) metadata() (map[string]string, error) {
	meta := map[string]string{"format": formatName}
	if len(c.Loop) > 0 {
		meta["loop"] = string(c.Loop)
	}
	parts := map[string]any{
		"spec": c.Spec, "labels": c.Labels, "preprocess": c.Preprocess, "training": c.Training,
	}
	if c.Optimizer != nil {
		parts["optimizer"] = optimizerMeta{c.Optimizer.Name, c.Optimizer.Step}
	}
	for name, part := range parts {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("checkpoint: %s: %w", name, err)
		}
		meta[name] = string(text)
	}
	return meta, nil
}

// writeFloats writes little-endian float32 values.
func writeFloats(w io.Writer, data []float32) error {
	buf := make([]byte, 4*min(len(data), chunk))
	for len(data) > 0 {
		part := data[:min(len(data), chunk)]
		for i, v := range part {
			binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(v))
		}
		if _, err := w.Write(buf[:4*len(part)]); err != nil {
			return err
		}
		data = data[len(part):]
	}
	return nil
}
