package nn

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/fixtures/golden"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
)

// engines are those that this build has, the reference first.
func engines(t testing.TB) []kernel.Engine[float32] {
	t.Helper()
	list := []kernel.Engine[float32]{generic.New[float32](2)}
	fast, err := engine.Default(2)
	if err != nil {
		t.Fatal(err)
	}
	if fast.Name() != list[0].Name() {
		list = append(list, fast)
	} else if slices.Contains(strings.Split(os.Getenv("FLOWERCTL_REQUIRE"), ","), "onednn") {
		t.Fatal("FLOWERCTL_REQUIRE wants onednn, which this build lacks: use -tags onednn")
	}
	t.Cleanup(func() {
		for _, e := range list {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return list
}

// opCase is one op on given inputs, as fixtures/golden/ops.json has them.
type opCase struct {
	Name, Op  string
	Inputs    []opInput
	Shape     []int
	Y         []float64
	Gradients map[string][]float64
	Config    struct {
		Kernel, Stride         [2]int
		Pads                   [4]int
		Groups                 int
		ReLU, Frozen           bool
		Max, Epsilon, Momentum float64
		Scale, Offset, Rate    float64
		Scales, Offsets        [3]float64
		InputReLU              bool
		Positive               []float32
	}
}

type opInput struct {
	Name          string
	Shape         []int
	Scale, Offset float64
}

// constant says that no gradient is wanted of an input.
func (in opInput) constant() bool {
	return slices.Contains([]string{"mean", "variance", "targets", "weights"}, in.Name)
}

// opGraph is the graph of a case: loss = sum of upstream * op(inputs).
type opGraph[T kernel.Float] struct {
	*graph[T]
	y, loss *G.Node
	data    map[string][]T
	params  []*G.Node // that a gradient is wanted of
	names   []string
	grads   []*G.Node
}

func newOpGraph[T kernel.Float](t *testing.T, e kernel.Engine[T], c *opCase) *opGraph[T] {
	t.Helper()
	g := &opGraph[T]{data: map[string][]T{}}
	g.graph = newGraph(e, &workspace[T]{}, mode{Train: true, Seed: 3})
	nodes := map[string]*G.Node{}
	var all []*G.Node
	for _, in := range c.Inputs {
		n := tensor.Shape(in.Shape).TotalSize()
		data := convert[T](golden.Fill(c.Name+"."+in.Name, n, in.Scale, in.Offset))
		node := g.Param(in.Name, data, !in.constant(), in.Shape...)
		g.data[in.Name], nodes[in.Name], all = data, node, append(all, node)
		if !in.constant() {
			g.params, g.names = append(g.params, node), append(g.names, in.Name)
		}
	}
	var err error
	if g.y, err = applyOp(g.graph, c, nodes, all); err != nil {
		t.Fatal(err)
	}
	g.Keep(g.y)
	n := max(g.y.DataSize(), 1)
	g.loss = g.y
	if !g.y.IsScalar() {
		up := g.Param("upstream", convert[T](golden.Fill(c.Name+".dy", n, 1, 0)), false, g.y.Shape()...)
		o := &dot[T]{}
		o.kind, o.shape = "dot", tensor.ScalarShape()
		if g.loss, err = g.graph.apply(o, "dot", g.y, up); err != nil {
			t.Fatal(err)
		}
	}
	g.Keep(g.loss)
	return g
}

// differentiate adds the gradients and seals the graph.
func (g *opGraph[T]) differentiate(t *testing.T) {
	t.Helper()
	var err error
	if g.grads, err = g.Differentiate(g.loss, g.params...); err != nil {
		t.Fatal(err)
	}
	if err := g.Seal(); err != nil {
		t.Fatal(err)
	}
}

func applyOp[T kernel.Float](g *graph[T], c *opCase, in map[string]*G.Node, all []*G.Node) (
	*G.Node, error) {

	cfg, x := c.Config, in["x"]
	window := kernel.Window{Kernel: cfg.Kernel, Stride: cfg.Stride, Pads: cfg.Pads}
	end := ending{ReLU: cfg.ReLU, Max: cfg.Max}
	var err error
	if cfg.InputReLU { // x is the result of a ReLU that leaves its gradient to the op
		if x, err = newReLU(g, "input.relu", x, reluConfig{Masked: true}); err != nil {
			return nil, err
		}
	}
	switch c.Op {
	case "conv":
		return newConv(g, c.Name, x, in["w"], in["b"],
			convConfig{Stride: cfg.Stride, Pads: cfg.Pads, Groups: cfg.Groups, ending: end})
	case "dense":
		return newDense(g, c.Name, x, in["w"], in["b"], denseConfig{end})
	case "batchnorm":
		if in["mean"] == nil {
			channels := in["gamma"].Shape()[0]
			in["mean"] = g.Param("mean", make([]T, channels), false, channels)
			in["variance"] = g.Param("variance", make([]T, channels), false, channels)
		}
		return newBatchNorm(g, c.Name, x, in["gamma"], in["beta"], in["mean"], in["variance"],
			batchNormConfig{Epsilon: cfg.Epsilon, Momentum: cfg.Momentum, Frozen: cfg.Frozen,
				InputReLU: cfg.InputReLU, ending: end})
	case "convnorm":
		return newConvNorm(g, c.Name, x, in["w"], in["b"], in["gamma"], in["beta"], in["mean"],
			in["variance"], convNormConfig{convConfig{Stride: cfg.Stride, Pads: cfg.Pads,
				Groups: cfg.Groups, ending: end}, cfg.Epsilon})
	case "relu":
		return newReLU(g, c.Name, x, reluConfig{Max: cfg.Max})
	case "maxpool":
		return newMaxPool(g, c.Name, x, maxPoolConfig{Window: window, InputReLU: cfg.InputReLU})
	case "avgpool":
		return newAvgPool(g, c.Name, x, window)
	case "globalavgpool":
		return newGlobalAvgPool(g, c.Name, x)
	case "flatten":
		return newFlatten(g, c.Name, x)
	case "rescale":
		if cfg.Scales != [3]float64{} {
			return newChannelRescale(g, c.Name, x, cfg.Scales, cfg.Offsets)
		}
		return newRescale(g, c.Name, x, cfg.Scale, cfg.Offset)
	case "concat":
		return newConcat(g, c.Name, all...)
	case "add":
		return newAdd(g, c.Name, all[0], all[1])
	case "sigmoid", "hardsigmoid", "silu", "hardswish":
		return newActivation(g, c.Name, x, model.Op(c.Op))
	case "mul":
		return newMul(g, c.Name, x, in["scale"])
	case "softmax":
		return newSoftmax(g, c.Name, x)
	case "dropout":
		return newDropout(g, c.Name, x, cfg.Rate)
	case "crossentropy":
		return newCrossEntropyLoss(g, c.Name, x, in["targets"], in["weights"], cfg.Scale)
	case "squarederror":
		return newSquaredErrorLoss(g, c.Name, x, in["targets"], in["weights"], cfg.Scale)
	case "binarycrossentropy":
		s := &source[T]{positive: cfg.Positive}
		return s.newBinaryCrossEntropyLoss(g, c.Name, x, in["targets"], in["weights"], cfg.Scale)
	}
	return nil, fmt.Errorf("no op %q", c.Op)
}

// dot is the sum of y * upstream: a loss whose gradient of y is upstream.
type dot[T kernel.Float] struct{ op[T] }

func (o *dot[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	var sum T
	up := floats[T](in[1])
	for i, v := range floats[T](in[0]) {
		sum += v * up[i]
	}
	o.out[0] = sum
	return o.end()
}

func (o *dot[T]) SymDiff(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
	d := &dotGradient[T]{}
	d.kind, d.shape = "dotGradient", in[0].Shape()
	dx, err := o.g.apply(d, o.name+".dx", dy, in[1])
	return G.Nodes{dx, nil}, err
}

type dotGradient[T kernel.Float] struct{ op[T] }

func (o *dotGradient[T]) Do(in ...G.Value) (G.Value, error) {
	o.begin()
	for i, v := range floats[T](in[1]) {
		o.out[i] = v * T(scalar(in[0]))
	}
	return o.end()
}

func TestOpsEqualPyTorch(t *testing.T) {
	cases, err := golden.Read[[]opCase]("ops.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range engines(t) {
		for i := range cases {
			c := &cases[i]
			t.Run(e.Name()+"/"+c.Name, func(t *testing.T) { equalsGolden(t, e, c, 2e-5) })
		}
	}
	e := generic.New[float64](2)
	for i := range cases {
		t.Run("float64/"+cases[i].Name, func(t *testing.T) { equalsGolden(t, e, &cases[i], 1e-7) })
	}
}

func equalsGolden[T kernel.Float](t *testing.T, e kernel.Engine[T], c *opCase, tolerance float64) {
	g := newOpGraph(t, e, c)
	g.differentiate(t)
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.y.Shape(), c.Shape) {
		t.Errorf("result is %v, want %v", g.y.Shape(), c.Shape)
	}
	closeTo(t, "y", g.Read(g.y), c.Y, tolerance)
	for i, name := range g.names {
		closeTo(t, "d"+name, g.Read(g.grads[i]), c.Gradients[name], tolerance)
	}
}

// closeTo compares with a tolerance relative to the largest value wanted.
func closeTo[T, U kernel.Float](t *testing.T, what string, got []T, want []U, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	scale := 1e-3
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= tolerance*scale) {
			t.Errorf("%s[%d] is %v, want %v (tolerance %g)", what, i, got[i], want[i], tolerance*scale)
			return
		}
	}
}

func convert[T, U kernel.Float](x []U) []T {
	out := make([]T, len(x))
	for i, v := range x {
		out[i] = T(v)
	}
	return out
}
