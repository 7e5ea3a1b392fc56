package ort

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// nodeRun is a run of a node, as onnxruntime's profile has it.
type nodeRun struct {
	name, op, provider string
	largest            int // numbers in the largest tensor that it worked on
}

// The probe's lengths where a model leaves them open: so many images that every node
// which works on them works on more than bookkeeping numbers, and sides that networks
// for photographs take.
const (
	probeImages = 32
	probeSide   = 224
)

// bookkeeping is how many numbers a node may work on that stays on the CPU.
// onnxruntime computes with shapes there on purpose, on every device: such
// nodes work on a number for each side of a tensor.
const bookkeeping = 16

// requirePlacement says whether all of the model that can run on the device does.
// onnxruntime itself does not say: it moves what a device lacks to the CPU
// without a word, and the setting that forbids that also forbids computing
// shapes on the CPU, which it does with every model that has any. So the model
// runs once on black images with a record of which node ran where.
func requirePlacement(model []byte, inputs []Port, outputs []string, o Options) error {
	nodes, err := placement(model, inputs, outputs, o)
	if err != nil {
		return err
	}
	names := elsewhere(nodes, o.Device)
	if len(names) == 0 {
		return nil
	}
	if more := len(names) - 3; more > 0 {
		names = append(names[:3], fmt.Sprintf("%d more", more))
	}
	return &DeviceError{Device: o.Device, Err: fmt.Errorf("these nodes of the model would run "+
		"on the CPU, for onnxruntime %s has them for nothing else: %s",
		Loaded().Version, strings.Join(names, ", "))}
}

// elsewhere names the nodes that compute with more than shapes and are not on
// the device.
func elsewhere(nodes []nodeRun, d Device) []string {
	var names []string
	for _, n := range nodes {
		name := fmt.Sprintf("%s (%s)", n.name, n.op)
		if n.provider != d.Provider() && n.largest > bookkeeping && !weighs(n.name) &&
			!slices.Contains(names, name) {

			names = append(names, name)
		}
	}
	return names
}

// weighs says whether a node of a file that flowerctl exported computes the weights by
// which the file resizes. They follow from the sides of the image, which are on the
// CPU; the products with the image are not among these nodes.
func weighs(name string) bool {
	for _, axis := range []string{"preprocess/across_", "preprocess/down_"} {
		if part, ok := strings.CutPrefix(name, axis); ok {
			return part != "product" && part != "raised" && part != "resized"
		}
	}
	return false
}

// placement runs the model once and reads which node ran where.
func placement(model []byte, inputs []Port, outputs []string, o Options) (_ []nodeRun, err error) {
	dir, remove, err := atomicfile.TempDir("", "flowerctl-placement")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	o.probe = true
	options, err := sessionOptions(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	if err := options.EnableProfiling(filepath.Join(dir, "run")); err != nil {
		return nil, err
	}
	if err := runOnce(model, inputs, outputs, options); err != nil {
		return nil, o.Device.explain(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "run*.json"))
	if err == nil && len(files) != 1 {
		err = fmt.Errorf("onnxruntime wrote %d profiles, want 1", len(files))
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	return readProfile(text)
}

// runOnce runs the model on zeros, and closes it: that ends its profile.
func runOnce(model []byte, inputs []Port, outputs []string,
	options *ort.SessionOptions) (err error) {
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(model, names(inputs), outputs, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Destroy()) }()
	values := make([]ort.Value, 0, len(inputs))
	defer func() { destroy(values) }()
	for _, p := range inputs {
		v, err := zeros(p)
		if err != nil {
			return err
		}
		values = append(values, v)
	}
	results := make([]ort.Value, len(outputs))
	defer func() { destroy(results) }()
	return s.Run(values, results)
}

// zeros is a value for an input, with probeImages and probeSide where the model
// leaves a length open.
func zeros(p Port) (ort.Value, error) {
	shape := slices.Clone(p.Shape)
	for i, d := range shape {
		switch {
		case d > 0:
		case i == 0:
			shape[i] = probeImages
		default:
			shape[i] = probeSide
		}
	}
	n := onnx.Elements(shape)
	if n < 1 {
		return nil, fmt.Errorf("input %s: shape %v holds nothing", p.Name, p.Shape)
	}
	switch p.Type {
	case "uint8":
		return newTensor(p, p.Type, shape, make([]uint8, n))
	case "float32":
		return newTensor(p, p.Type, shape, make([]float32, n))
	case "float16":
		return newHalf(p, onnx.NewTensor(shape...))
	case "int32":
		return newTensor(p, p.Type, shape, make([]int32, n))
	case "int64":
		return newTensor(p, p.Type, shape, make([]int64, n))
	default:
		return nil, fmt.Errorf("input %s: %s is not written", p.Name, p.Type)
	}
}

// readProfile reads the nodes out of onnxruntime's profile, a list of events in
// the format of Chrome's tracing.
func readProfile(text []byte) ([]nodeRun, error) {
	var events []struct {
		Category string `json:"cat"`
		Name     string `json:"name"`
		Args     struct {
			Op       string             `json:"op_name"`
			Provider string             `json:"provider"`
			Inputs   []map[string][]int `json:"input_type_shape"`
			Outputs  []map[string][]int `json:"output_type_shape"`
		} `json:"args"`
	}
	if err := json.Unmarshal(text, &events); err != nil {
		return nil, fmt.Errorf("onnxruntime's profile: %w", err)
	}
	var nodes []nodeRun
	for _, e := range events {
		name, ran := strings.CutSuffix(e.Name, "_kernel_time")
		if e.Category != "Node" || !ran || e.Args.Provider == "" {
			continue
		}
		n := nodeRun{name: name, op: e.Args.Op, provider: e.Args.Provider}
		worked := e.Args.Outputs
		if n.op != "Shape" && n.op != "Size" { // which do not read the numbers
			worked = slices.Concat(worked, e.Args.Inputs)
		}
		for _, value := range worked {
			for _, shape := range value {
				n.largest = max(n.largest, elements(shape))
			}
		}
		nodes = append(nodes, n)
	}
	if len(nodes) == 0 {
		return nil, errors.New("onnxruntime's profile names no node")
	}
	return nodes, nil
}

// elements is the number of values of a shape, or as many as an int holds.
func elements(shape []int) int {
	if n := onnx.Elements(shape); n >= 0 {
		return n
	}
	return math.MaxInt
}
