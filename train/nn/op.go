package nn

import (
	"fmt"
	"hash"
	"hash/fnv"
	"time"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// op is the part that all ops share: gorgonia's protocol, the memory of the
// result, and the clock. An op embeds it and adds Do and, where it has a
// gradient, SymDiff; graph.apply fills it in.
type op[T kernel.Float] struct {
	g        *graph[T]
	kind     string         // "conv"
	name     string         // of the node, unique in the graph
	config   string         // all settings, printed, for the hash
	salt     int            // see graph.unique
	in       []tensor.Shape // of the inputs it was made for
	shape    tensor.Shape   // of the result
	diff     []bool         // inputs that want a gradient
	backward bool           // made by SymDiff

	// inPlace lists the inputs that the result may overwrite, when nothing else
	// reads them later.
	inPlace []int
	// owner computes this op's result along with its own, see aside.
	owner *op[T]

	out   []T     // the result, a piece of the workspace or of the gradients
	value G.Value // gorgonia's header over out, or a scalar

	spent time.Duration
}

// operation is an op of this package.
type operation[T kernel.Float] interface {
	G.Op
	base() *op[T]
}

func (o *op[T]) base() *op[T]          { return o }
func (o *op[T]) Arity() int            { return len(o.in) }
func (o *op[T]) ReturnsPtr() bool      { return true }
func (o *op[T]) CallsExtern() bool     { return false } // true allocates, even for cgo
func (o *op[T]) OverwritesInput() int  { return -1 }    // plan.go decides, not the machine
func (o *op[T]) DiffWRT(int) []bool    { return o.diff }
func (o *op[T]) String() string        { return o.kind + "(" + o.name + ")" }
func (o *op[T]) WriteHash(h hash.Hash) { fmt.Fprint(h, o.salt, o.kind, o.name, o.config, o.in) }
func (o *op[T]) Hashcode() uint32      { h := fnv.New32a(); o.WriteHash(h); return h.Sum32() }

// Type is inputs -> result, with their numbers of dimensions. It is new at each
// call, because gorgonia puts it back into a pool.
func (o *op[T]) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, s := range o.in {
		types = append(types, typeOf[T](s))
	}
	return hm.NewFnType(append(types, typeOf[T](o.shape))...)
}

// InferShape refuses other inputs than the op was prepared for.
func (o *op[T]) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	shapes, err := G.DimSizersToShapes(in)
	if err != nil {
		return nil, err
	}
	if len(shapes) != len(o.in) {
		return nil, fmt.Errorf("%v: %d inputs, want %d", o, len(shapes), len(o.in))
	}
	for i, s := range shapes {
		if !s.Eq(o.in[i]) {
			return nil, fmt.Errorf("%v: input %d is %v, prepared for %v", o, i, s, o.in[i])
		}
	}
	return o.shape, nil
}

// begin and end enclose the work of Do.
func (o *op[T]) begin() { o.g.started = time.Now() }

func (o *op[T]) end() (G.Value, error) {
	o.spent += time.Since(o.g.started)
	if o.g.checked {
		o.g.look(o)
	}
	return o.value, nil
}

// bind gives the op the memory of its result. The header is made once: gorgonia
// only ever reads it.
func (o *op[T]) bind(out []T) {
	o.out = out
	o.value = header(out, o.shape)
}

// aside is the op of a second result: gorgonia's ops have one, so the gradient
// of a bias, or of gamma and beta, is computed by its owner, and aside, which
// takes the owner's node as its input, hands it out.
type aside[T kernel.Float] struct{ op[T] }

var _ G.Op = (*aside[float32])(nil)

func (o *aside[T]) Do(...G.Value) (G.Value, error) {
	o.begin()
	return o.end()
}

// newAside makes the node of a second result of owner's op, of the given shape.
func (g *graph[T]) newAside(o *aside[T], owner *G.Node, name string, shape tensor.Shape) (
	*G.Node, error) {

	o.kind, o.shape = "aside", shape
	o.owner = owner.Op().(operation[T]).base()
	return g.apply(o, name, owner)
}

// dtype is gorgonia's name of T.
func dtype[T kernel.Float]() tensor.Dtype {
	var zero T
	if _, ok := any(zero).(float32); ok {
		return tensor.Float32
	}
	return tensor.Float64
}

// typeOf is gorgonia's type of a value of that shape.
func typeOf[T kernel.Float](s tensor.Shape) hm.Type {
	if s.IsScalar() {
		return dtype[T]()
	}
	return G.TensorType{Dims: s.Dims(), Of: dtype[T]()}
}

// header makes gorgonia's value over data, which stays where it is.
func header[T kernel.Float](data []T, shape tensor.Shape) G.Value {
	if shape.IsScalar() {
		switch p := any(&data[0]).(type) {
		case *float32:
			return (*G.F32)(p)
		case *float64:
			return (*G.F64)(p)
		}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

// floats is the data of a gorgonia value.
func floats[T kernel.Float](v G.Value) []T {
	var data []T
	switch p := any(&data).(type) {
	case *[]float32:
		*p = v.(*tensor.Dense).Float32s()
	case *[]float64:
		*p = v.(*tensor.Dense).Float64s()
	}
	return data
}

// scalar is the number in a gorgonia scalar.
func scalar(v G.Value) float64 {
	switch p := v.(type) {
	case *G.F32:
		return float64(*p)
	case *G.F64:
		return float64(*p)
	}
	return v.Data().(float64)
}

// image is the kernel's shape of a node (N, H, W, C) or (N, C).
func image(s tensor.Shape) kernel.ImageShape {
	if len(s) == 2 {
		return kernel.ImageShape{N: s[0], H: 1, W: 1, C: s[1]}
	}
	return kernel.ImageShape{N: s[0], H: s[1], W: s[2], C: s[3]}
}

// nhwc is the node's shape of a kernel's image.
func nhwc(s kernel.ImageShape) tensor.Shape { return tensor.Shape{s.N, s.H, s.W, s.C} }

// wantVectors says whether the nodes that are not nil hold n values each.
func wantVectors(n int, nodes ...*G.Node) error {
	for _, v := range present(nodes...) {
		if s := v.Shape(); len(s) != 1 || s[0] != n {
			return fmt.Errorf("%s is %v, want (%d)", v.Name(), s, n)
		}
	}
	return nil
}
