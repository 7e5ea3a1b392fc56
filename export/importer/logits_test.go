package importer

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/arch"
)

// envBackbone names ONNX files of other programs, separated as in $PATH, that are
// imported and compared with onnxruntime.
const envBackbone = "FLOWERCTL_BACKBONE"

// pixels are n images [N S S 3] of noise in patches, 0 to 255.
func pixels(n, size int) onnx.Tensor {
	rng := rand.New(rand.NewPCG(3, 4))
	x := onnx.NewTensor(n, size, size, 3)
	for i := range n {
		for c := range 3 {
			for row := 0; row < size; row += 8 {
				for column := 0; column < size; column += 8 {
					v := float32(rng.IntN(200))
					for y := row; y < min(row+8, size); y++ {
						for z := column; z < min(column+8, size); z++ {
							x.Data[((i*size+y)*size+z)*3+c] = v + float32(rng.IntN(56))
						}
					}
				}
			}
		}
	}
	return x
}

// planes are the images [N 3 S S] that a file takes: x*scale + offset.
func planes(x onnx.Tensor, scale, offset float64) onnx.Tensor {
	n, size := x.Shape[0], x.Shape[1]
	out := onnx.NewTensor(n, 3, size, size)
	for i := range n {
		for p := range size * size {
			for c := range 3 {
				out.Data[(i*3+c)*size*size+p] = float32(float64(x.Data[(i*size*size+p)*3+c])*scale + offset)
			}
		}
	}
	return out
}

// furthest is the largest difference of two answers, as a share of the largest
// value.
func furthest(t testing.TB, got, want onnx.Tensor) float64 {
	t.Helper()
	if len(got.Data) != len(want.Data) {
		t.Fatalf("%d values, want %d", len(got.Data), len(want.Data))
	}
	worst, scale := 0.0, 0.0
	for i, v := range want.Data {
		d := math.Abs(float64(v) - float64(got.Data[i]))
		if !(d <= worst) {
			worst = d
		}
		scale = max(scale, math.Abs(float64(v)))
	}
	return worst / scale
}

// softmaxOf are the probabilities of logits.
func softmaxOf(logits onnx.Tensor) onnx.Tensor {
	out := logits.Clone()
	k := logits.Shape[1]
	for i := 0; i < len(out.Data); i += k {
		sum, top := 0.0, slices.Max(logits.Data[i:i+k])
		for j := i; j < i+k; j++ {
			sum += math.Exp(float64(logits.Data[j] - top))
		}
		for j := i; j < i+k; j++ {
			out.Data[j] = float32(math.Exp(float64(logits.Data[j]-top)) / sum)
		}
	}
	return out
}

// trained answers with the imported network as training computes it.
func trained(t testing.TB, n *Network, x onnx.Tensor) onnx.Tensor {
	t.Helper()
	out, err := verify.Answers(context.Background(), n.Spec, n.Weights, x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestImportedPresetsAnswerAsTheirFiles do in onnxruntime.
func TestImportedPresetsAnswerAsTheirFiles(t *testing.T) {
	onnxruntime.Need(t)
	for _, p := range arch.All() {
		t.Run(p.Name, func(t *testing.T) {
			if testing.Short() && p.Parameters > 5e6 {
				t.Skip("large")
			}
			c := networks.Preset(t, p.Name, 128)
			x := pixels(2, 128)
			for _, o := range []export.Options{{}, {Input: export.Float, FoldBatchNorm: true}} {
				m := written(t, c, o)
				file, err := m.Encode()
				if err != nil {
					t.Fatal(err)
				}
				want, err := verify.FileAnswers(context.Background(), file, x)
				if err != nil {
					t.Fatal(err)
				}
				if d := furthest(t, trained(t, imported(t, m, Options{}), x), want); !(d < 1e-4) {
					t.Errorf("%+v: logits differ by %g of the largest", o, d)
				}
			}
		})
	}
}

// TestBackbonesAnswerAsOnnxruntime reads files of other programs.
func TestBackbonesAnswerAsOnnxruntime(t *testing.T) {
	files := os.Getenv(envBackbone)
	if files == "" {
		t.Skipf("$%s names no ONNX file", envBackbone)
	}
	onnxruntime.Need(t)
	for _, path := range strings.Split(files, string(os.PathListSeparator)) {
		t.Run(path[strings.LastIndexByte(path, '/')+1:], func(t *testing.T) {
			m, err := onnx.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			n := imported(t, m, Options{})
			scale, offset := 1/128.0, -127/128.0
			if n.Normalised {
				scale, offset = 1, 0
			} else if err := n.Normalise(scale, offset); err != nil {
				t.Fatal(err)
			}
			x := pixels(4, n.Spec.Input[1])
			want := fileAnswers(t, m, n, x, scale, offset)
			d := furthest(t, trained(t, n, x), want)
			t.Logf("%d nodes, cut %s, %d classes: logits differ by %.2g of the largest; notes %q",
				len(n.Spec.Nodes), n.Cut, n.Classes, d, n.Notes)
			if !(d < 1e-4) {
				t.Errorf("logits differ by %g of the largest", d)
			}
		})
	}
}

// fileAnswers are the logits of the file itself, in onnxruntime.
func fileAnswers(t testing.TB, m *onnx.Model, n *Network, x onnx.Tensor, scale, offset float64) (
	out onnx.Tensor) {

	t.Helper()
	bare := *m // its logits are compared, not its probabilities
	bare.Graph.Outputs = slices.Clone(m.Graph.Outputs)
	for _, node := range m.Graph.Nodes {
		if node.Op == "Softmax" {
			bare.Graph.Outputs = append(bare.Graph.Outputs[:0],
				onnx.ValueInfo{Name: node.Inputs[0], Elem: onnx.Float32})
		}
	}
	file, err := bare.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(file, ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := s.Inputs()[0].Name
	fed := planes(x, scale, offset)
	if d := m.Graph.Inputs[0].Dims; d[3].Value == 3 {
		fed = onnx.Tensor{Shape: x.Shape, Data: slices.Clone(x.Data)}
		for i, v := range fed.Data {
			fed.Data[i] = float32(float64(v)*scale + offset)
		}
	}
	answers, err := s.Run(context.Background(), map[string]onnx.Tensor{in: fed})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range answers {
		if len(v.Data) == x.Shape[0]*n.Classes { // not the features
			out = v
		}
	}
	return out
}
