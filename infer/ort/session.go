package ort

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flowerctl/flowerctl/onnx"
)

// Options say how a session runs. The zero value is the CPU with all cores.
type Options struct {
	Device  Device
	Threads int  // that work on one run; 0 means as many as the process may use
	TF32    bool // CUDA: let matrix products round their inputs to 10 bits

	// Name tells the model from others, as the absolute path of its file does. On the
	// CPU, the optimised graph of a model with a name, up to 128 MiB, goes into
	// [GraphCache], and the next session opens in a fraction of the time.
	Name string

	// Outputs are the names of those that runs compute; nil means all. A run fails
	// over an output that cannot be read, as float16 and scalars, even if nobody
	// looks at it.
	Outputs []string

	probe bool // for one run, whose speed does not matter
}

// Session is a loaded model. Runs may overlap; Close comes after the last one.
type Session struct {
	s               *ort.DynamicAdvancedSession
	inputs, outputs []Port
	computed        []string // names of the outputs that runs compute
	metadata        map[string]string
	device          Device
}

// NewSession loads a model from the bytes of an ONNX file. The library must be
// loaded: see Load.
func NewSession(model []byte, o Options) (*Session, error) {
	m, err := Read(model)
	if err != nil {
		return nil, err
	}
	return m.Open(o)
}

// Open loads the model, of which it keeps nothing.
func (m *Model) Open(o Options) (*Session, error) {
	s := &Session{device: o.Device, inputs: m.Inputs, outputs: m.Outputs, metadata: m.Metadata}
	if s.computed = o.Outputs; s.computed == nil {
		s.computed = names(m.Outputs)
	}
	if o.Device.CUDA {
		file, err := m.bytes()
		if err == nil {
			err = requirePlacement(file, s.inputs, s.computed, o)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	if s.s, err = s.open(m, o); err != nil {
		return nil, s.device.explain(err)
	}
	return s, nil
}

// sessionOptions must be destroyed.
func sessionOptions(o Options) (_ *ort.SessionOptions, err error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, options.Destroy())
		}
	}()
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0) // onnxruntime does not know a container's share
	}
	if err := errors.Join(
		options.SetIntraOpNumThreads(threads),
		options.SetInterOpNumThreads(1),
		// What fails is an error that the caller gets: nothing of it goes to stderr.
		options.SetLogSeverityLevel(ort.LoggingLevelFatal),
		// Idle threads sleep: waiting busily takes the cores from the decoders, and
		// won nothing even without them.
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	); err != nil {
		return nil, err
	}
	if o.Device.CUDA {
		return options, appendCUDA(options, o)
	}
	return options, nil
}

// modelError translates what onnxruntime says about a file it cannot read.
func modelError(err error) error {
	text := strings.ToLower(err.Error())
	if strings.Contains(text, "protobuf parsing failed") ||
		strings.Contains(text, "modelproto does not have a graph") {
		return errors.New("not an ONNX file")
	}
	bare := bindingsWords.ReplaceAllString(err.Error(), "")
	bare = nativeWords.ReplaceAllString(bare, "")
	return errors.New(sourceWords.ReplaceAllString(bare, ""))
}

// What the bindings and onnxruntime put before the reason of an error.
var (
	bindingsWords = regexp.MustCompile(`^Error creating .*?session: `)
	nativeWords   = regexp.MustCompile(`^\S+:\d+ .*\[ONNXRuntimeError\] : \d+ : \w+ : `)
	// Where in its source it happened: file, line and C++ function.
	sourceWords = regexp.MustCompile(`^/\S*onnxruntime/core/\S+:\d+ .*?\)( const)? `)
)

func names(ports []Port) []string {
	var result []string
	for _, p := range ports {
		result = append(result, p.Name)
	}
	return result
}

// Inputs are the model's inputs, in order.
func (s *Session) Inputs() []Port { return slices.Clone(s.inputs) }

// Outputs are the model's outputs, in order.
func (s *Session) Outputs() []Port { return slices.Clone(s.outputs) }

// Metadata are the file's metadata_props.
func (s *Session) Metadata() map[string]string { return s.metadata }

// Device is where the session runs.
func (s *Session) Device() Device { return s.device }

// Close releases the model.
func (s *Session) Close() error {
	defer trim()
	return s.s.Destroy()
}

// Run computes the outputs of Options from float32 inputs, by name, which are converted
// where the model takes float16. Outputs of other number types are converted to float32. When ctx ends, the run stops soon and
// the error is the context's.
func (s *Session) Run(
	ctx context.Context, inputs map[string]onnx.Tensor,
) (map[string]onnx.Tensor, error) {
	if len(inputs) != len(s.inputs) {
		return nil, fmt.Errorf("got %d inputs, want %d (%s)", len(inputs), len(s.inputs),
			strings.Join(names(s.inputs), ", "))
	}
	values := make([]ort.Value, 0, len(s.inputs))
	defer func() { destroy(values) }()
	for _, p := range s.inputs {
		t, ok := inputs[p.Name]
		if !ok {
			return nil, fmt.Errorf("input %s: none given", p.Name)
		}
		var v ort.Value
		var err error
		if p.Type == "float16" {
			v, err = newHalf(p, t)
		} else {
			v, err = newTensor(p, "float32", t.Shape, t.Data)
		}
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return s.run(ctx, values)
}

// RunImages computes the outputs of Options of a model whose one input is uint8
// [N, H, W, 3]: n images of h rows of w RGB pixels.
func (s *Session) RunImages(
	ctx context.Context, pixels []uint8, n, h, w int,
) (map[string]onnx.Tensor, error) {
	return s.RunBytes(ctx, pixels, []int{n, h, w, 3})
}

// RunBytes is RunImages for bytes of any shape.
func (s *Session) RunBytes(ctx context.Context, data []uint8, shape []int) (
	map[string]onnx.Tensor, error) {
	if len(s.inputs) != 1 {
		return nil, fmt.Errorf("got one input, want %d (%s)", len(s.inputs),
			strings.Join(names(s.inputs), ", "))
	}
	v, err := newTensor(s.inputs[0], "uint8", shape, data)
	if err != nil {
		return nil, err
	}
	defer destroy([]ort.Value{v})
	return s.run(ctx, []ort.Value{v})
}

// newTensor wraps data, which must live until the tensor is destroyed.
func newTensor[T ort.TensorData](p Port, kind string, shape []int, data []T) (ort.Value, error) {
	if p.Type != kind {
		return nil, fmt.Errorf("input %s: got %s, want %s", p.Name, kind, p.Type)
	}
	if n := onnx.Elements(shape); n != len(data) || n == 0 {
		return nil, fmt.Errorf("input %s: got %d values for shape %v", p.Name, len(data), shape)
	}
	dims := make(ort.Shape, len(shape))
	for i, d := range shape {
		dims[i] = int64(d)
	}
	v, err := ort.NewTensor(dims, data)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", p.Name, err)
	}
	return v, nil
}

// run returns copies of the outputs.
func (s *Session) run(ctx context.Context, inputs []ort.Value) (map[string]onnx.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	outputs := make([]ort.Value, len(s.computed))
	defer func() { destroy(outputs) }()
	if err := s.runCancelled(ctx, inputs, outputs); err != nil {
		return nil, err
	}
	result := make(map[string]onnx.Tensor, len(outputs))
	for i, v := range outputs {
		t, err := tensorOf(v)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", s.computed[i], err)
		}
		result[s.computed[i]] = t
	}
	return result, nil
}

// runCancelled runs, and tells onnxruntime to stop when ctx ends.
func (s *Session) runCancelled(ctx context.Context, inputs, outputs []ort.Value) error {
	if ctx.Done() == nil {
		return s.s.Run(inputs, outputs)
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	var terminating sync.WaitGroup
	terminating.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer terminating.Done()
		options.Terminate() // fails only after Destroy
	})
	err = s.s.RunWithOptions(inputs, outputs, options)
	if stop() {
		terminating.Done()
	}
	terminating.Wait()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return errors.Join(err, options.Destroy())
}

// destroy releases native memory; onnxruntime_go reports no error here. Of an
// output that they cannot read the bindings leave a nil pointer, which as a Value
// is not nil.
func destroy(values []ort.Value) {
	for _, v := range values {
		if v != nil && !reflect.ValueOf(v).IsNil() {
			v.Destroy()
		}
	}
}
