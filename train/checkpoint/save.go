package checkpoint

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/safetensors"
)

// formatName is the metadata's "format"; a change of meaning changes its number.
const formatName = "flowerctl checkpoint 1"

const slotPrefix = "optimizer/"

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
	tensors, err := c.tensors()
	if err != nil {
		return err
	}
	meta, err := c.metadata()
	if err != nil {
		return err
	}
	return safetensors.Write(w, meta, tensors)
}

// tensors lists what the file holds, in its order: weights by the Spec, then
// the optimizer's accumulators by name.
func (c *Checkpoint) tensors() ([]safetensors.Tensor, error) {
	params, err := c.Spec.Params()
	if err != nil {
		return nil, err
	}
	var tensors []safetensors.Tensor
	shapes := map[string][]int{}
	for _, p := range params {
		tensors = append(tensors, safetensors.Tensor{Name: p.Name, Tensor: c.Weights[p.Name]})
		shapes[p.Name] = p.Shape
	}
	if c.Optimizer == nil {
		return tensors, nil
	}
	for _, slot := range slices.Sorted(maps.Keys(c.Optimizer.Slots)) {
		_, param, _ := strings.Cut(slot, "/")
		tensors = append(tensors, safetensors.Tensor{Name: slotPrefix + slot,
			Tensor: onnx.Tensor{Shape: shapes[param], Data: c.Optimizer.Slots[slot]}})
	}
	return tensors, nil
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
