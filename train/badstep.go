package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
	"github.com/flowerctl/flowerctl/train/safetensors"
)

// BadStep is a step that came to a value that is not finite, with all that decided it, so
// that it can be done again: in the run's folder it is a safetensors file.
type BadStep struct {
	BadStepFacts
	Spec    model.Spec
	Weights model.Weights // before the step
	State   State         // before the step; State.Step is dropout's place in its stream
	// Settings are [Config.Settings].
	Settings json.RawMessage
	Batch    *data.Batch // as the network saw it, augmented
}

// BadStepFacts are what a BadStep is besides its tensors.
type BadStepFacts struct {
	Epoch int `json:"epoch"` // from 1
	// Step is in the epoch, from 1; where it was none, the last one before.
	Step         int     `json:"step"`
	During       During  `json:"during"`
	LearningRate float64 `json:"lr"` // 0 where it was no step
	Error        string  `json:"error"`
}

// Where says which step it is, as all messages do: step 4 of epoch 2, or validation of epoch 2.
func (b *BadStepFacts) Where() string {
	if b.During != Stepping {
		return fmt.Sprintf("%s of epoch %d", b.During, b.Epoch)
	}
	return fmt.Sprintf("step %d of epoch %d", b.Step, b.Epoch)
}

// File is the name of its file in the folder of a run that had gone back so many times
// before: bad-step-4-epoch-2.ckpt, or bad-validation-epoch-2-rollback-1.ckpt.
func (b *BadStepFacts) File(rollbacks int) string {
	name := fmt.Sprintf("bad-%s-epoch-%d", b.During, b.Epoch)
	if b.During == Stepping {
		name = fmt.Sprintf("bad-step-%d-epoch-%d", b.Step, b.Epoch)
	}
	if rollbacks > 0 {
		name += fmt.Sprintf("-rollback-%d", rollbacks)
	}
	return name + ".ckpt"
}

// isBadStepFile knows these names.
var isBadStepFile = regexp.MustCompile(
	`^bad-(step-\d+|validation|statistics)-epoch-\d+(-rollback-\d+)?\.ckpt$`).MatchString

// The names of a bad step's tensors that are no weights.
const (
	badStepFormat  = "flowerctl bad step 1"
	badStateSlot   = "optimizer/"
	badPixels      = "batch/pixels"
	badTargets     = "batch/targets"
	badWeights     = "batch/weights"
	mostBadClasses = 1 << 20
)

// badStepMeta is what JSON holds of a bad step besides the Spec.
type badStepMeta struct {
	BadStepFacts
	StepperStep   uint64 `json:"stepper_step"`
	Optimizer     string `json:"optimizer"`
	OptimizerStep uint64 `json:"optimizer_step"`
	Labels        []int  `json:"labels"`
	Indices       []int  `json:"indices"`
}

// Save writes b to path, complete or not at all.
func (b *BadStep) Save(path string) error {
	return atomicfile.Write(path, b.Write)
}

// Write writes b as a safetensors file.
func (b *BadStep) Write(w io.Writer) error {
	spec, err := json.Marshal(b.Spec)
	if err != nil {
		return err
	}
	meta, err := json.Marshal(badStepMeta{b.BadStepFacts, b.State.Step, b.State.Optimizer.Name,
		b.State.Optimizer.Step, b.Batch.Labels, b.Batch.Indices})
	if err != nil {
		return err
	}
	params, err := b.Spec.Params()
	if err != nil {
		return err
	}
	var tensors []safetensors.Tensor
	add := func(name string, t onnx.Tensor) {
		tensors = append(tensors, safetensors.Tensor{Name: name, Tensor: t})
	}
	for _, p := range params {
		add(p.Name, b.Weights[p.Name])
	}
	for _, slot := range slices.Sorted(maps.Keys(b.State.Optimizer.Slots)) {
		values := b.State.Optimizer.Slots[slot]
		add(badStateSlot+slot, onnx.Tensor{Shape: []int{len(values)}, Data: values})
	}
	n, size := b.Batch.N, b.Batch.Size
	pixels := make([]float32, len(b.Batch.Pixels))
	for i, p := range b.Batch.Pixels {
		pixels[i] = float32(p)
	}
	add(badPixels, onnx.Tensor{Shape: []int{n, size, size, 3}, Data: pixels})
	add(badTargets, onnx.Tensor{Shape: []int{n, b.Batch.Classes}, Data: b.Batch.Targets})
	if b.Batch.Weights != nil {
		add(badWeights, onnx.Tensor{Shape: []int{n}, Data: b.Batch.Weights})
	}
	return safetensors.Write(w, map[string]string{"format": badStepFormat, "spec": string(spec),
		"step": string(meta), "settings": string(b.Settings)}, tensors)
}

// LoadBadStep reads a bad step and checks that its parts fit together. Hostile files give
// errors, never panics.
func LoadBadStep(path string) (*BadStep, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a file")
	}
	var b *BadStep
	if err == nil {
		b, err = ReadBadStep(f, info.Size())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// ReadBadStep reads a bad step of size bytes, as LoadBadStep does.
func ReadBadStep(r io.Reader, size int64) (*BadStep, error) {
	file, err := safetensors.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("is not a bad step of a training: %w", err)
	}
	if got := file.Metadata["format"]; got != badStepFormat {
		return nil, fmt.Errorf("is not a bad step of a training: format is %q, want %q", got, badStepFormat)
	}
	b := &BadStep{Weights: model.Weights{}, Settings: json.RawMessage(file.Metadata["settings"])}
	var meta badStepMeta
	if err := json.Unmarshal([]byte(file.Metadata["spec"]), &b.Spec); err != nil {
		return nil, fmt.Errorf("spec: %w", err)
	}
	if err := json.Unmarshal([]byte(file.Metadata["step"]), &meta); err != nil {
		return nil, fmt.Errorf("step: %w", err)
	}
	b.BadStepFacts = meta.BadStepFacts
	b.State = State{Step: meta.StepperStep, Optimizer: optim.State{Name: meta.Optimizer,
		Step: meta.OptimizerStep, Slots: map[string][]float32{}}}
	b.Batch = &data.Batch{N: len(meta.Labels), Labels: meta.Labels, Indices: meta.Indices}
	for t, err := range file.Tensors() {
		if err != nil {
			return nil, err
		}
		if err := b.take(t); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return b, b.check()
}

// take puts a tensor of the file where it belongs.
func (b *BadStep) take(t safetensors.Tensor) error {
	slot, isSlot := strings.CutPrefix(t.Name, badStateSlot)
	switch {
	case isSlot:
		b.State.Optimizer.Slots[slot] = t.Data
	case t.Name == badPixels:
		if len(t.Shape) != 4 {
			return fmt.Errorf("shape %v, want N, H, W, 3", t.Shape)
		}
		b.Batch.Size = t.Shape[1]
		b.Batch.Pixels = make([]uint8, len(t.Data))
		for i, v := range t.Data {
			if !(v >= 0 && v <= 255 && v == float32(uint8(v))) {
				return fmt.Errorf("value %d is %g, want a whole number from 0 to 255", i, v)
			}
			b.Batch.Pixels[i] = uint8(v)
		}
	case t.Name == badTargets:
		b.Batch.Targets = t.Data
	case t.Name == badWeights:
		b.Batch.Weights = t.Data
	default:
		b.Weights[t.Name] = t.Tensor
	}
	return nil
}

// check returns an error unless the parts of b fit together.
func (b *BadStep) check() error {
	if err := b.Spec.CheckWeights(b.Weights); err != nil {
		return err
	}
	in, c := b.Spec.Input, b.Batch
	b.Batch.Classes = b.Spec.Classes
	if b.Spec.MultiLabel() && c.N >= 1 && c.Classes <= mostBadClasses {
		c.Present = make([]bool, c.N*c.Classes) // which counts right answers, and changes no step
	}
	switch {
	case c.N < 1 || c.Size < 1 || c.Size > imageprep.MaxSize || in[0] != 3 ||
		in != [3]int{3, c.Size, c.Size} && b.During != Stepping || // trained on other sizes
		len(c.Pixels) != c.N*3*c.Size*c.Size:
		return fmt.Errorf("%d images of side %d in %d bytes, the network wants %v", c.N, c.Size,
			len(c.Pixels), in)
	case c.Classes > mostBadClasses || len(c.Targets) != c.N*c.Classes:
		return fmt.Errorf("%d targets of %d images, want one for each of %d classes", len(c.Targets),
			c.N, c.Classes)
	case c.Weights != nil && len(c.Weights) != c.N:
		return fmt.Errorf("%d weights of %d images", len(c.Weights), c.N)
	case !(b.LearningRate >= 0):
		return fmt.Errorf("learning rate %g", b.LearningRate)
	}
	for i, label := range c.Labels {
		if label < 0 || label >= c.Classes {
			return fmt.Errorf("label %d is %d, want one of %d classes", i, label, c.Classes)
		}
	}
	return nil
}
