package nn

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/fixtures/golden"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
)

// moreCases are those that PyTorch has no op for.
func moreCases() []opCase {
	image := []opInput{{"x", []int{2, 5, 7, 3}, 1, 0}}
	norm := append([]opInput{{"gamma", []int{3}, 0.5, 1}, {"beta", []int{3}, 0.5, 0}}, image...)
	running := []opInput{{"mean", []int{3}, 0.3, 0}, {"variance", []int{3}, 0.4, 1}}
	masked := opCase{Name: "maxpool_masked", Op: "maxpool", Inputs: image}
	masked.Config.Kernel, masked.Config.Stride = [2]int{3, 2}, [2]int{2, 1}
	masked.Config.InputReLU = true
	bn := opCase{Name: "batchnorm_masked", Op: "batchnorm", Inputs: norm}
	bn.Config.Epsilon, bn.Config.Momentum, bn.Config.InputReLU = 1e-3, 0.9, true
	frozen := bn
	frozen.Name, frozen.Inputs = "batchnorm_frozen_masked", append(running, norm...)
	frozen.Config.Frozen = true
	dropout := opCase{Name: "dropout", Op: "dropout", Inputs: image}
	dropout.Config.Rate = 0.4
	flat := opCase{Name: "flatten_pixel", Op: "flatten",
		Inputs: []opInput{{"x", []int{3, 1, 1, 5}, 1, 0}}}
	return []opCase{masked, bn, frozen, dropout, flat}
}

// TestOpGradients compares every gradient, through the graph that training
// runs, with central differences in float64, for a random upstream gradient.
func TestOpGradients(t *testing.T) {
	cases, err := golden.Read[[]opCase]("ops.json")
	if err != nil {
		t.Fatal(err)
	}
	e := generic.New[float64](2)
	for _, c := range append(cases, moreCases()...) {
		t.Run(c.Name, func(t *testing.T) {
			g := newOpGraph(t, e, &c)
			g.differentiate(t)
			for i, name := range g.names {
				checkGradient(t, g.graph, g.loss, name, g.data[name], g.grads[i])
			}
		})
	}
}

// checkGradient compares the gradient of loss by x with central differences, in
// at most 60 places.
func checkGradient(t *testing.T, g *graph[float64], loss *G.Node, name string, x []float64,
	grad *G.Node) {

	t.Helper()
	const h = 1e-5
	value := func() float64 {
		if err := g.Run(); err != nil {
			t.Fatal(err)
		}
		return g.Read(loss)[0]
	}
	value()
	analytic := append([]float64(nil), g.Read(grad)...)
	if len(analytic) != len(x) {
		t.Fatalf("d%s has %d values, want %d", name, len(analytic), len(x))
	}
	for i := 0; i < len(x); i += 1 + len(x)/60 {
		old := x[i]
		x[i] = old + h
		up := value()
		x[i] = old - h
		down := value()
		x[i] = old
		want := (up - down) / (2 * h)
		if d := math.Abs(analytic[i] - want); !(d <= 1e-6*(1+math.Abs(want))) {
			t.Errorf("d%s[%d] is %.9g, central difference %.9g", name, i, analytic[i], want)
			return
		}
	}
}

// branchy is a small network that has everything: branches, concat, add, groups,
// every pool, both batch norms' places, ReLU6, dropout and two heads.
func branchy(t testing.TB) model.Spec {
	b := model.NewBuilder("branchy", 13, 3)
	b.Rescale(1/127.5, -1)
	b.ConvReLU(6, model.Window{Kernel: 3, Same: true, Stride: 2})
	stem := b.Current()
	b.BatchNorm()
	left := b.MaxPool(model.Window{Kernel: 3, Stride: 1, Same: true})
	b.At(stem).Conv(4, model.Window{Kernel: 1})
	b.BatchNorm()
	mid := b.ReLU()
	b.At(stem).AvgPool(model.Window{Kernel: 3, Stride: 1, Pad: 1})
	right := b.ConvReLU(6, model.Window{Kernel: 3, Same: true, Groups: 3, NoBias: true})
	b.Sum(left, right)
	sum := b.Add(model.Node{Op: model.ReLU, Max: 1.5})
	b.Concat(sum, mid, right)
	joined := b.Current()
	b.GlobalAvgPool()
	pooled := b.Current()
	b.At(joined).MaxPool(model.Window{Kernel: 2})
	b.Flatten()
	b.Dense(7)
	b.ReLU()
	b.Dropout(0.3)
	b.Head("main", 1)
	b.At(pooled).Head("aux1", 0.3)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// wholeNetwork is the training graph of a spec in float64.
func wholeNetwork(t *testing.T, spec model.Spec, loss Loss, m mode, fused bool) (
	*program[float64], *source[float64]) {

	t.Helper()
	params, err := spec.Params()
	if err != nil {
		t.Fatal(err)
	}
	w, err := spec.NewWeights(5)
	if err != nil {
		t.Fatal(err)
	}
	src := &source[float64]{spec: spec, params: params, engine: generic.New[float64](2),
		memory: &workspace[float64]{}, values: tensors[float64]{}, loss: loss, fused: fused}
	for _, p := range params {
		src.values[p.Name] = convert[float64](w[p.Name].Data)
		if p.Role == model.Bias { // zeros hide mistakes
			src.values[p.Name] = convert[float64](golden.Fill(p.Name, len(w[p.Name].Data), 0.3, 0))
		}
	}
	prog, err := src.compile(3, m)
	if err != nil {
		t.Fatal(err)
	}
	return prog, src
}

// feed64 writes images, soft targets and weights.
func feed64(p *program[float64]) {
	copy(p.Write(p.images), convert[float64](golden.Fill("images", p.images.DataSize(), 127.5, 127.5)))
	copy(p.Write(p.targets), convert[float64](golden.Fill("targets", p.targets.DataSize(), 0.5, 0.5)))
	copy(p.Write(p.weights), convert[float64](golden.Fill("weights", p.weights.DataSize(), 0.5, 1)))
}

func TestNetworkGradients(t *testing.T) {
	for _, fused := range []bool{true, false} {
		for _, frozen := range []bool{false, true} {
			for _, loss := range Losses() {
				t.Run(fmt.Sprintf("fused=%t/frozen=%t/%s", fused, frozen, loss), func(t *testing.T) {
					p, src := wholeNetwork(t, branchy(t), loss,
						mode{Train: true, FrozenBatchNorm: frozen, Seed: 1}, fused)
					i := 0
					for _, param := range src.params {
						if !param.Trainable {
							continue
						}
						checkNetworkGradient(t, p, param.Name, src.values[param.Name], p.grads[i])
						i++
					}
				})
			}
		}
	}
}

// checkNetworkGradient is checkGradient for graphs whose inputs are written
// before each run, at ten places.
func checkNetworkGradient(t *testing.T, p *program[float64], name string, x []float64,
	grad *G.Node) {

	t.Helper()
	const h = 1e-5
	value := func() float64 {
		feed64(p)
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		return p.lossValue()
	}
	value()
	analytic := append([]float64(nil), p.Read(grad)...)
	for i := 0; i < len(x); i += 1 + len(x)/10 {
		old := x[i]
		x[i] = old + h
		up := value()
		x[i] = old - h
		down := value()
		x[i] = old
		want := (up - down) / (2 * h)
		if d := math.Abs(analytic[i] - want); !(d <= 1e-6*(1+math.Abs(want))) {
			t.Errorf("gradient of %s[%d] is %.9g, central difference %.9g", name, i, analytic[i], want)
			return
		}
	}
}

// TestGorgoniaGradAgrees: the ops are gorgonia's own kind, and G.Grad finds the
// same gradients through them as Differentiate.
func TestGorgoniaGradAgrees(t *testing.T) {
	spec := branchy(t)
	network, src := wholeNetwork(t, spec, CrossEntropy, mode{Train: true, Seed: 1}, true)
	feed64(network)
	if err := network.Run(); err != nil {
		t.Fatal(err)
	}
	var want [][]float64
	for _, n := range network.grads {
		want = append(want, append([]float64(nil), network.Read(n)...))
	}

	again := &source[float64]{spec: spec, params: src.params, engine: src.engine, values: src.values,
		memory: &workspace[float64]{}, loss: CrossEntropy, fused: true}
	g := newGraph(again.engine, again.memory, mode{Train: true, Seed: 1})
	p := &program[float64]{graph: g, images: g.Input(model.InputName, 3, 13, 13, 3)}
	b := &builder[float64]{g: g, spec: &spec, params: map[string]*G.Node{}, fusion: fuse(&spec)}
	var trainable []*G.Node
	for _, param := range src.params {
		b.params[param.Name] = g.Param(param.Name, src.values[param.Name], param.Trainable,
			param.Shape...)
		if param.Trainable {
			trainable = append(trainable, b.params[param.Name])
		}
	}
	if err := b.build(p.images); err != nil {
		t.Fatal(err)
	}
	p.value = b.value
	if err := again.heads(p); err != nil {
		t.Fatal(err)
	}
	grads, err := G.Grad(p.loss, trainable...)
	if err != nil {
		t.Fatal(err)
	}
	g.Keep(grads...)
	if err := g.Seal(); err != nil {
		t.Fatal(err)
	}
	feed64(p)
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	for i, n := range grads {
		closeTo(t, trainable[i].Name(), n.Value().(*tensor.Dense).Float64s(), want[i], 1e-12)
	}
}
