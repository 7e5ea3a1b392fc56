package checkpoint

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/numbers"
	"github.com/flowerctl/flowerctl/train/optim"
	"github.com/flowerctl/flowerctl/train/safetensors"
)

// Load reads a checkpoint and checks all of it: the header and the sizes agree with
// the file, the Spec is a network, the weights are those of the Spec, the
// accumulators are those of its parameters, and every value is finite. Hostile files
// give errors, never panics, and take no more memory than a few times their size.
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
	file, err := safetensors.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("is not a checkpoint: %w", err)
	}
	if got := file.Metadata["format"]; got != formatName {
		return nil, fmt.Errorf("format is %q, want %q: was it written by another program or version?",
			got, formatName)
	}
	c := &Checkpoint{Weights: model.Weights{}}
	if err := c.readMetadata(file.Metadata); err != nil {
		return nil, err
	}
	for t, err := range file.Tensors() {
		if err != nil {
			return nil, err
		}
		slot, ok := strings.CutPrefix(t.Name, slotPrefix)
		switch {
		case !ok:
			c.Weights[t.Name] = t.Tensor
		case c.Optimizer == nil:
			return nil, fmt.Errorf("%s: but there is no optimizer", t.Name)
		default:
			c.Optimizer.Slots[slot] = t.Data
		}
	}
	return c, c.check()
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

// check returns an error unless the parts of c fit together.
func (c *Checkpoint) check() error {
	if err := c.Spec.CheckWeights(c.Weights); err != nil {
		return err
	}
	if len(c.Labels) != c.Spec.Classes {
		return fmt.Errorf("%d labels, want one for each of %d classes", len(c.Labels), c.Spec.Classes)
	}
	if c.Preprocess.Size != c.Spec.Input[1] || c.Preprocess.Size != c.Spec.Input[2] {
		return fmt.Errorf("images are prepared at size %d, the network takes %v",
			c.Preprocess.Size, c.Spec.Input)
	}
	if len(c.Loop) > 0 && !json.Valid(c.Loop) {
		return fmt.Errorf("loop is not JSON")
	}
	params, err := c.Spec.Params()
	if err != nil {
		return err
	}
	sizes := make(map[string]int, len(params)) // of slots; running statistics have one alone
	for _, p := range params {
		if strings.HasPrefix(p.Name, slotPrefix) {
			return fmt.Errorf("%s: names that start with %s are the optimizer's", p.Name, slotPrefix)
		}
		if err := finite(p.Name, c.Weights[p.Name].Data); err != nil {
			return err
		}
		slot := p.Name
		if !p.Trainable {
			slot = AverageSlot + p.Name
		}
		sizes[slot] = onnx.Elements(p.Shape)
	}
	return c.checkSlots(sizes)
}

// AverageSlot starts the names of the average's values, which are kept beside the
// optimizer's accumulators; running statistics have averages too.
const AverageSlot = "ema/"

// checkSlots says whether every accumulator is that of a trainable parameter, or an
// average.
func (c *Checkpoint) checkSlots(sizes map[string]int) error {
	if c.Optimizer == nil {
		return nil
	}
	for _, slot := range slices.Sorted(maps.Keys(c.Optimizer.Slots)) {
		data := c.Optimizer.Slots[slot]
		_, param, _ := strings.Cut(slot, "/")
		n, ok := sizes[param]
		if !ok {
			n, ok = sizes[slot]
		}
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
