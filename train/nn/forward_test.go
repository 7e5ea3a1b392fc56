package nn

import (
	"context"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

// TestTraceHasEveryNode: the unfused graph gives every node of the inference
// network, in NCHW, and answers as the fused one and as Evaluate.
func TestTraceHasEveryNode(t *testing.T) {
	for _, e := range engines(t) {
		spec := branchy(t)
		w := weights(t, spec)
		n := newNetwork(t, spec, w, Config{Engine: e, Optimizer: adam(t)})
		b := goldenBatch(0, 4, 13, 3)
		mustStep(t, n, b)
		f, err := NewForward(spec, w, e)
		if err != nil {
			t.Fatal(err)
		}
		trace, err := f.Trace(context.Background(), b.Pixels, b.N)
		if err != nil {
			t.Fatal(err)
		}
		inference := spec.Inference()
		shapes, err := inference.Shapes()
		if err != nil {
			t.Fatal(err)
		}
		if len(trace) != len(inference.Nodes) {
			t.Errorf("trace has %d values, the network %d nodes", len(trace), len(inference.Nodes))
		}
		for _, node := range inference.Nodes {
			v, ok := trace[node.Name]
			if !ok {
				t.Errorf("trace lacks %s", node.Name)
				continue
			}
			want := append([]int{b.N}, shapes[node.Name]...)
			if err := v.Validate(); err != nil || len(v.Shape) != len(want) {
				t.Errorf("%s is %v (%v), want %v", node.Name, v.Shape, err, want)
			}
		}
		checkTrace(t, trace["rescale1"].Data, b.Pixels, b.N, spec.Input)
		_, probabilities, err := f.Run(context.Background(), b.Pixels, b.N)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, "probabilities, fused and not", probabilities, trace["probabilities"].Data, 1e-6)
		want := append([]float32(nil), probabilities...)
		r, err := n.Evaluate(context.Background(), b)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, "probabilities of Evaluate", r.Probabilities, want, 1e-6)
		if len(r.Correct) != 2 {
			t.Errorf("%d heads counted, want 2", len(r.Correct))
		}
	}
}

// checkTrace: the first node's values are the pixels, channels outermost.
func checkTrace(t *testing.T, got []float32, pixels []uint8, n int, in [3]int) {
	t.Helper()
	area := in[1] * in[2]
	want := make([]float32, 0, len(got))
	for i := range n {
		for c := range in[0] {
			for p := range area {
				want = append(want, float32(pixels[(i*area+p)*in[0]+c])/127.5-1)
			}
		}
	}
	closeTo(t, "rescaled pixels", got, want, 1e-6)
}

func TestForwardRefusesOtherSizes(t *testing.T) {
	e := engines(t)[0]
	spec, w := preset(t, "tiny", 32)
	f, err := NewForward(spec, w, e)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Run(context.Background(), make([]uint8, 3*31*31), 1); err == nil {
		t.Error("Run took an image of another size")
	}
	if _, err := f.Trace(context.Background(), nil, 0); err == nil {
		t.Error("Trace took no image")
	}
}

// TestPlanKeepsLivingResultsApart: results whose lives meet do not share memory,
// and the plan saves some.
func TestPlanKeepsLivingResultsApart(t *testing.T) {
	p, _ := wholeNetwork(t, branchy(t), CrossEntropy, mode{Train: true}, true)
	sum := 0
	for i, a := range p.blocks {
		sum += a.size
		for _, b := range p.blocks[:i] {
			alive := a.from <= b.to && b.from <= a.to
			if alive && a.offset < b.offset+b.size && b.offset < a.offset+a.size {
				t.Errorf("%+v and %+v overlap", *a, *b)
			}
		}
	}
	if p.need*3 > sum*2 {
		t.Errorf("the plan needs %d of %d values: little is reused", p.need, sum)
	}
}

func TestFusionNeedsTheOnlyReader(t *testing.T) {
	b := model.NewBuilder("net", 9, 2)
	b.ConvReLU(2, model.Window{Kernel: 3}) // conv1, relu1: fused, masked
	b.MaxPool(model.Window{Kernel: 2})
	conv := b.Conv(2, model.Window{Kernel: 1}) // conv2 has two readers
	relu := b.ReLU()
	b.Sum(conv, relu)
	b.ConvReLU(2, model.Window{Kernel: 1}) // conv3, relu3: fused, two readers
	relu3 := b.Current()
	b.BatchNorm()
	b.Sum(b.Current(), relu3)
	b.Flatten()
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	f := fuse(&spec)
	if f.into["conv1"] != "relu1" || !f.masked["relu1"] {
		t.Error("relu1 is not fused and masked")
	}
	if _, ok := f.into["conv2"]; ok || f.masked["relu2"] {
		t.Error("relu2 is fused or masked: conv2 has another reader")
	}
	if f.into["conv3"] != "relu3" || f.masked["relu3"] {
		t.Error("relu3 is not fused, or masked: it has two readers")
	}
}

// TestBatchNormsGoIntoConvolutions: those by running statistics, where nothing else
// reads the convolution; and either kind takes the ReLU6 after it.
func TestBatchNormsGoIntoConvolutions(t *testing.T) {
	b := model.NewBuilder("net", 9, 2)
	b.Conv(2, model.Window{Kernel: 3, NoBias: true})
	b.BatchNorm()
	b.Add(model.Node{Op: model.ReLU, Max: 6})
	conv2 := b.Conv(3, model.Window{Kernel: 1})
	norm2 := b.BatchNorm()
	b.Sum(conv2, norm2) // a second reader of conv2
	b.Flatten()
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		mode mode
		want []string // the first ops
	}{
		"training":   {mode{Train: true}, []string{"conv conv1", "batchnorm batchnorm1", "conv conv2"}},
		"frozen":     {mode{Train: true, FrozenBatchNorm: true}, []string{"convnorm conv1", "conv conv2"}},
		"inference":  {mode{}, []string{"convnorm conv1", "conv conv2"}},
		"statistics": {mode{Measure: true}, []string{"conv conv1", "batchnorm batchnorm1", "conv conv2"}},
	} {
		p, _ := wholeNetwork(t, spec, CrossEntropy, c.mode, true)
		var got []string
		for _, o := range p.ops {
			if o.base().backward {
				break
			}
			got = append(got, o.base().kind+" "+o.base().name)
		}
		if !slices.Equal(got[:len(c.want)], c.want) {
			t.Errorf("%s: ops are %q, want %q first", name, got, c.want)
		}
	}
}
