package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// Write writes tensors, in this order, and metadata. Equal arguments give equal
// files. It fails before the first byte where a name comes twice or a tensor's
// values do not fit its shape.
func Write(w io.Writer, metadata map[string]string, tensors []Tensor) error {
	head, err := encodeHeader(metadata, tensors)
	if err != nil {
		return err
	}
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

// encodeHeader is the header behind its length.
func encodeHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	all := map[string]any{}
	if metadata != nil {
		all[metadataKey] = metadata
	}
	var at uint64
	for _, t := range tensors {
		if _, ok := all[t.Name]; ok || t.Name == metadataKey {
			return nil, fmt.Errorf("safetensors: the name %q is taken", t.Name)
		}
		if err := t.Validate(); err != nil {
			return nil, fmt.Errorf("safetensors: %s: %w", t.Name, err)
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{} // a scalar: null is no shape
		}
		end := at + 4*uint64(len(t.Data))
		all[t.Name] = entry{float32Type, shape, [2]uint64{at, end}}
		at = end
	}
	head, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	if len(head) > MaxHeader {
		return nil, fmt.Errorf("safetensors: header has %d bytes, want at most %d", len(head), MaxHeader)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...), nil
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
