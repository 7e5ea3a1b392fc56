package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// Features computes the values of one node in inference: no dropout, running statistics.
// What the node does not need is not computed. It is for one goroutine at a time.
type Features struct {
	run      source[float32]
	node     string
	shape    []int // of an image's values
	batch    int
	programs map[int]*program[float32]
}

// NewFeatures makes the part of a network that the named node needs. It shares the
// weights w, which are those of the whole network; the engine stays the caller's. The
// node may be any one, also of an auxiliary head.
func NewFeatures(spec model.Spec, w model.Weights, node string, engine kernel.Engine[float32]) (
	*Features, error) {

	if engine == nil {
		return nil, fmt.Errorf("network %s: no engine", spec.Name)
	}
	if spec.Node(node) == nil {
		return nil, fmt.Errorf("network %s has no node %q to take features of", spec.Name, node)
	}
	src, err := newSource(spec, w, engine)
	if err != nil {
		return nil, err
	}
	shapes, err := spec.Shapes()
	if err != nil {
		return nil, err
	}
	f := &Features{run: src, node: node, shape: shapes[node],
		programs: map[int]*program[float32]{}}
	f.run.fused = true
	f.run.cut(node)
	f.batch = batchSize(f.run.spec, shapes)
	return f, nil
}

// cut leaves only what the named node needs, and the node is the result.
func (s *source[T]) cut(node string) {
	needed := map[string]bool{node: true}
	nodes := slices.Clone(s.spec.Nodes)
	for _, n := range slices.Backward(nodes) {
		if !needed[n.Name] {
			continue
		}
		for _, in := range n.Inputs {
			needed[in] = true
		}
	}
	drop := func(name string) bool { return !needed[name] }
	s.spec.Nodes = slices.DeleteFunc(nodes, func(n model.Node) bool { return drop(n.Name) })
	s.spec.Outputs = nil
	s.params = slices.DeleteFunc(slices.Clone(s.params),
		func(p model.Param) bool { return drop(p.Node) })
	s.result = node
}

// Batches are powers of two, so that any number of images takes few graphs and computes
// none in vain: at most maxBatch images, and fewer where the largest result would hold
// over maxResult values, 256 MB. Batches of 64 took less processor time an image than those
// of 32, 16, 8 and 4, which wait for each other and reorder the weights more often.
const (
	maxBatch  = 64
	maxResult = 1 << 26
)

// batchSize is the number of images that a graph of the spec takes at most.
func batchSize(spec model.Spec, shapes map[string][]int) int {
	largest := onnx.Elements(spec.Input[:])
	for _, n := range spec.Nodes {
		largest = max(largest, onnx.Elements(shapes[n.Name]))
	}
	size := maxBatch
	for size > 1 && size*largest > maxResult {
		size /= 2
	}
	return size
}

// Shape is the shape of one image's values: [C H W], or [K] of a vector. The caller must
// not change it.
func (f *Features) Shape() []int { return f.shape }

// Run computes the node's values for n images of the network's size, RGB, rows of pixels,
// channels innermost: n rows, each flattened from the node's Shape, channels outermost.
// They are the caller's. It stops between batches when ctx ends.
func (f *Features) Run(ctx context.Context, pixels []uint8, n int) ([]float32, error) {
	if err := f.run.holds(pixels, n); err != nil {
		return nil, err
	}
	area, length := onnx.Elements(f.run.spec.Input[:]), onnx.Elements(f.shape)
	out := make([]float32, n*length)
	for from, size := 0, f.batch; from < n; from += size {
		for size > n-from {
			size /= 2
		}
		p, err := answer(ctx, &f.run, nil, f.programs, pixels[from*area:(from+size)*area], size)
		if err != nil {
			return nil, err
		}
		f.read(out[from*length:(from+size)*length], p)
	}
	return out, nil
}

// read copies the node's values of the last run.
func (f *Features) read(to []float32, p *program[float32]) {
	v := p.value[f.node]
	if v == p.images { // a dropout of the input
		f.run.engine.ToNCHW(to, p.Write(v), image(v.Shape()))
		return
	}
	f.run.engine.ToNCHW(to, p.Read(v), image(v.Shape()))
}
