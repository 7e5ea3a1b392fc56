package verify

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export/summary"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// What to do when you add an op
//
// Add it to the list in train/model/spec.go, add a network around it to opNetworks
// below, run TestEveryOpIsWalked and follow the failures. Each names the op and the
// walker, and in this order they are mended in
//
//	shapes            train/model/shape.go
//	parameters        train/model/param.go
//	operations        train/model/flops.go
//	checkpoint        nothing, unless a node's new field does not survive JSON
//	drawing           train/model/drawing: a test there lists the ops too
//	kernels           train/nn/build.go and an op beside it; train/nn/kernel where
//	                  it needs arithmetic of its own, in every engine
//	exporter          export/ops.go; onnx/infer_table.go if ONNX' operator is new
//	summary           export/summary/flops.go
//	folding           export/fold.go: right by default, for batch norms stay
//	8 bits            export/quantize.go
//	onnxruntime       whatever of the above is wrong
//
// Its gradient has a test of its own, against differences: see gradient_test.go in
// train/nn.

// opNetworks make a network around each op, and name the node to look at. Where it
// can be, a batch norm is before it that could be folded through it, and a
// convolution, whose gradient has to come through it.
var opNetworks = map[model.Op]func(b *model.Builder) string{
	model.Rescale: func(b *model.Builder) string {
		name := b.Rescale(1/127.5, -1)
		b.Conv(4, model.Window{Kernel: 3})
		b.GlobalAvgPool()
		return name
	},
	model.Conv: onImages(func(b *model.Builder) string {
		return b.Conv(6, model.Window{Kernel: 3, Stride: 2, Groups: 2})
	}),
	model.BatchNorm:   onImages((*model.Builder).BatchNorm),
	model.ReLU:        onImages(func(b *model.Builder) string { return b.Add(model.Node{Op: model.ReLU, Max: 6}) }),
	model.Sigmoid:     onImages(activation(model.Sigmoid)),
	model.HardSigmoid: onImages(activation(model.HardSigmoid)),
	model.SiLU:        onImages(activation(model.SiLU)),
	model.HardSwish:   onImages(activation(model.HardSwish)),
	model.MaxPool:     onImages(func(b *model.Builder) string { return b.MaxPool(model.Window{Kernel: 2, Stride: 1}) }),
	model.AvgPool: onImages(func(b *model.Builder) string {
		return b.AvgPool(model.Window{Kernel: 3, Stride: 2, Pad: 1})
	}),
	model.GlobalAvgPool: onImages((*model.Builder).GlobalAvgPool),
	model.Flatten:       onImages((*model.Builder).Flatten),
	model.Dense: onImages(func(b *model.Builder) string {
		b.Flatten()
		return b.Dense(5)
	}),
	model.Dropout: onImages(func(b *model.Builder) string { return b.Dropout(0.25) }),
	model.Concat: onImages(func(b *model.Builder) string {
		x := b.Current()
		return b.Concat(x, b.Conv(2, model.Window{Kernel: 1}))
	}),
	model.Add: onImages(func(b *model.Builder) string {
		x := b.Current()
		return b.Sum(b.Conv(4, model.Window{Kernel: 1}), x)
	}),
	model.Mul: onImages(func(b *model.Builder) string {
		x, s := b.Current(), b.Shape()
		b.AvgPool(model.Window{Kernel: s[1]})
		b.Conv(4, model.Window{Kernel: 1})
		return b.Mul(x, b.Activation(model.Sigmoid))
	}),
	model.Softmax: onImages(func(b *model.Builder) string {
		b.GlobalAvgPool()
		b.Dense(4)
		return b.Add(model.Node{Op: model.Softmax})
	}),
}

// onImages puts nodes between layers that every network has.
func onImages(middle func(b *model.Builder) string) func(b *model.Builder) string {
	return func(b *model.Builder) string {
		b.Rescale(1/127.5, -1)
		b.Conv(4, model.Window{Kernel: 3})
		b.ReLU()
		b.BatchNorm()
		name := middle(b)
		if len(b.Shape()) == 3 {
			b.GlobalAvgPool()
		}
		return name
	}
}

// activation adds an op that computes each value by itself.
func activation(op model.Op) func(b *model.Builder) string {
	return func(b *model.Builder) string { return b.Activation(op) }
}

// inFloat are the ops that an 8-bit file computes in float32.
var inFloat = []model.Op{model.Rescale, model.Softmax}

// walked is a network around an op.
type walked struct {
	op         model.Op
	node       string // of that op
	checkpoint *checkpoint.Checkpoint
	inference  model.Spec // without dropout
}

// exported says whether the file has the node.
func (w *walked) exported() bool { return w.inference.Node(w.node) != nil }

// walkers are what handles every op, in an order in which they can be mended.
var walkers = []struct {
	name string
	walk func(t *testing.T, w *walked) error
}{
	{"parameters", walkParameters}, {"operations", walkOperations}, {"checkpoint", walkCheckpoint},
	{"drawing", walkDrawing}, {"kernels", walkKernels}, {"exporter", walkExporter},
	{"summary", walkSummary}, {"folding", walkFolding}, {"8 bits", walkInt8}, {"onnxruntime", walkRuntime},
}

func TestEveryOpIsWalked(t *testing.T) {
	for _, op := range model.Ops() {
		if op == model.Extract { // a file of its own: extract_test.go walks it
			continue
		}
		t.Run(string(op), func(t *testing.T) {
			build, ok := opNetworks[op]
			if !ok {
				t.Fatalf("op %s has no network in opNetworks: its comment says what to do", op)
			}
			b := model.NewBuilder("around-"+string(op), 12, 3)
			name := build(b)
			b.Head("main", 1)
			spec, err := b.Spec()
			if err != nil {
				t.Fatalf("op %s: shapes: %v", op, err)
			}
			if n := spec.Node(name); n == nil || n.Op != op {
				t.Fatalf("the network around op %s names the node %q, which is none of that op", op, name)
			}
			w := &walked{op: op, node: name, inference: spec.Inference()}
			if _, err := spec.Params(); err != nil {
				t.Fatalf("op %s: parameters: %v", op, err)
			}
			w.checkpoint = networks.Build(t, b)
			for _, walker := range walkers {
				t.Run(walker.name, func(t *testing.T) {
					if err := walker.walk(t, w); err != nil {
						t.Errorf("op %s: %s: %v", op, walker.name, err)
					}
				})
			}
		})
	}
}

func walkParameters(_ *testing.T, w *walked) error {
	return w.checkpoint.Spec.CheckWeights(w.checkpoint.Weights)
}

func walkOperations(_ *testing.T, w *walked) error {
	_, byNode, err := w.checkpoint.Spec.FLOPs()
	if err != nil {
		return err
	}
	free := slices.Contains([]model.Op{model.Dropout, model.Flatten, model.Concat}, w.op)
	if n := byNode[w.node]; n > 0 == free {
		return fmt.Errorf("%d are counted", n)
	}
	return nil
}

func walkCheckpoint(_ *testing.T, w *walked) error {
	var b bytes.Buffer
	if err := checkpoint.Write(&b, w.checkpoint); err != nil {
		return err
	}
	c, err := checkpoint.Read(&b, int64(b.Len()))
	if err != nil {
		return err
	}
	if got, want := c.Spec.Node(w.node), w.checkpoint.Spec.Node(w.node); !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%+v was saved, %+v loaded", want, got)
	}
	return nil
}

func walkDrawing(_ *testing.T, w *walked) error {
	s, err := summary.OfCheckpoint(w.checkpoint)
	if err != nil {
		return err
	}
	p, err := s.Picture()
	if err != nil {
		return err
	}
	svg, err := p.SVG()
	if err == nil && !strings.Contains(string(svg), w.node) {
		return fmt.Errorf("%s is not in the picture", w.node)
	}
	return err
}
