package efficientnet

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
)

// lite0 are the sixteen blocks of EfficientNet-Lite0: channels in, widened, out,
// and the side of the kernel between.
var lite0 = [][4]int{
	{32, 32, 16, 3}, {16, 96, 24, 3}, {24, 144, 24, 3}, {24, 144, 40, 5}, {40, 240, 40, 5},
	{40, 240, 80, 3}, {80, 480, 80, 3}, {80, 480, 80, 3}, {80, 480, 112, 5}, {112, 672, 112, 5},
	{112, 672, 112, 5}, {112, 672, 192, 5}, {192, 1152, 192, 5}, {192, 1152, 192, 5},
	{192, 1152, 192, 5}, {192, 1152, 320, 3},
}

// made are weights of the right names and shapes, of made-up values.
func made() []onnx.Initializer {
	var out []onnx.Initializer
	seed := uint32(1)
	add := func(name string, shape ...int) {
		t := onnx.NewTensor(shape...)
		for i := range t.Data {
			seed = seed*1664525 + 1013904223
			t.Data[i] = float32(seed>>8)/(1<<24) - 0.5
			if strings.HasSuffix(name, "running_var") {
				t.Data[i] += 0.75
			}
		}
		out = append(out, onnx.NewInitializer(name, t))
	}
	layer := func(name, norm string, shape ...int) {
		add(name+".weight", shape...)
		for _, part := range []string{"weight", "bias", "running_mean", "running_var"} {
			add(norm+"."+part, shape[0])
		}
		out = append(out, onnx.NewInt64(norm+".num_batches_tracked", 9))
	}
	layer("_conv_stem", "_bn0", 32, 3, 3, 3)
	for i, b := range lite0 {
		name := fmt.Sprintf("_blocks.%d.", i)
		if b[0] != b[1] {
			layer(name+"_expand_conv", name+"_bn0", b[1], b[0], 1, 1)
		}
		layer(name+"_depthwise_conv", name+"_bn1", b[1], 1, b[3], b[3])
		layer(name+"_project_conv", name+"_bn2", b[2], b[1], 1, 1)
	}
	layer("_conv_head", "_bn1", 1280, 320, 1, 1)
	add("_fc.weight", 1000, 1280)
	add("_fc.bias", 1000)
	return out
}

func TestTheGraphIsThatOfThePaper(t *testing.T) {
	weights := made()
	for keep, want := range map[bool]map[string]int{
		true:  {"Conv": 49, "BatchNormalization": 49, "Clip": 33, "Add": 9, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1},
		false: {"Conv": 49, "Clip": 33, "Add": 9, "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1},
	} {
		m, err := Build(Lite0, weights, keep)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); err != nil {
			t.Errorf("keep %v: %v", keep, err)
		}
		got := map[string]int{}
		for _, n := range m.Graph.Nodes {
			got[n.Op]++
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("keep %v: operators %v, want %v", keep, got, want)
		}
		// The first convolution has stride 2 on an even side: TensorFlow pads the end.
		pads, err := m.Graph.Nodes[0].Ints("pads")
		if err != nil || fmt.Sprint(pads) != "[0 0 1 1]" {
			t.Errorf("padding of the first convolution %v, %v", pads, err)
		}
		again, err := Build(Lite0, weights, keep)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := m.Encode()
		b, errB := again.Encode()
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("keep %v: two files of the same weights differ (%v, %v)", keep, errA, errB)
		}
	}
}

// What is folded computes the same: conv*gamma/sqrt(var+eps) + beta - mean*gamma/sqrt(var+eps).
func TestFolding(t *testing.T) {
	kept, err := Build(Lite0, made(), true)
	if err != nil {
		t.Fatal(err)
	}
	folded, err := Build(Lite0, made(), false)
	if err != nil {
		t.Fatal(err)
	}
	values := func(m *onnx.Model, name string) []float32 {
		x, err := m.Graph.Initializer("block.3.depthwise_conv." + name).Tensor()
		if err != nil {
			t.Fatal(err)
		}
		return x.Data
	}
	w, gamma, beta := values(kept, "weight"), values(kept, "bn.scale"), values(kept, "bn.bias")
	mean, variance := values(kept, "bn.mean"), values(kept, "bn.var")
	fw, bias := values(folded, "weight"), values(folded, "bias")
	for c := range gamma {
		scale := float64(gamma[c]) / math.Sqrt(float64(variance[c])+1e-3)
		if want := float64(beta[c]) - float64(mean[c])*scale; math.Abs(float64(bias[c])-want) > 1e-6 {
			t.Errorf("bias %d: got %g, want %g", c, bias[c], want)
		}
		for i := range 25 {
			if want := float64(w[25*c+i]) * scale; math.Abs(float64(fw[25*c+i])-want) > 1e-6 {
				t.Errorf("weight %d, %d: got %g, want %g", c, i, fw[25*c+i], want)
			}
		}
	}
}

func TestWeightsOfAnotherNetworkAreRefused(t *testing.T) {
	for want, change := range map[string]func([]onnx.Initializer) []onnx.Initializer{
		`no weight "_conv_stem.weight"`: func(w []onnx.Initializer) []onnx.Initializer { return w[1:] },
		`weight "extra" has no place`: func(w []onnx.Initializer) []onnx.Initializer {
			return append(w, onnx.NewScalar("extra", 1))
		},
		`weight "_fc.bias" is float32[3], want float32[1000]`: func(w []onnx.Initializer) []onnx.Initializer {
			return append(w[:len(w)-1], onnx.NewInitializer("_fc.bias", onnx.NewTensor(3)))
		},
		`weight "_fc.bias" is int64[1]`: func(w []onnx.Initializer) []onnx.Initializer {
			return append(w[:len(w)-1], onnx.NewInt64("_fc.bias", 3))
		},
	} {
		if _, err := Build(Lite0, change(made()), true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := Build(Lite1, made(), true); err == nil || !strings.Contains(err.Error(), "efficientnet-lite1: ") {
		t.Errorf("Lite0's weights as Lite1: got %v", err)
	}
}

func TestChannelsAreMultiplesOfEight(t *testing.T) {
	for _, tt := range []struct {
		n     int
		width float64
		want  int
	}{{16, 1, 16}, {24, 1.1, 24}, {40, 1.1, 48}, {80, 1.1, 88}, {112, 1.1, 120}, {192, 1.1, 208}, {320, 1.1, 352}} {
		if got := scaled(tt.n, tt.width); got != tt.want {
			t.Errorf("%d times %g: got %d, want %d", tt.n, tt.width, got, tt.want)
		}
	}
}
