package infer

import (
	"image"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
)

// averaging is a network that ends in a global average and, unless dense is "",
// a dense layer of that operator, with weights that look for one colour each.
func averaging(t *testing.T, dense string) *onnx.Model {
	t.Helper()
	m := model(t, colours.Bytes)
	node := func(op, in, out string, attrs ...onnx.Attribute) onnx.Node {
		return onnx.Node{Name: out, Op: op, Inputs: strings.Fields(in), Outputs: []string{out}, Attributes: attrs}
	}
	w := onnx.NewTensor(3, 3)
	for i := range 3 {
		w.Data[3*i+i] = 0.03
		w.Data[3*i+(i+1)%3] = -0.01 // not symmetric, so that a wrong transpose shows
	}
	g := &m.Graph
	g.Initializers = []onnx.Initializer{onnx.NewInitializer("w", w), onnx.NewScalar("scale", 0.03)}
	g.Nodes = append(g.Nodes[:1], // the Cast
		node("Transpose", "pixels", "planes", onnx.Ints("perm", 0, 3, 1, 2)),
		node("Mul", "planes scale", "scaled"),
	)
	features := "planes"
	if dense == "" {
		features = "scaled"
	}
	g.Nodes = append(g.Nodes, node("GlobalAveragePool", features, "average"))
	switch dense {
	case "Gemm":
		g.Nodes = append(g.Nodes, node("Flatten", "average", "flat"), node("Gemm", "flat w", "logits", onnx.Int("transB", 1)))
	case "MatMul":
		g.Nodes = append(g.Nodes, node("Flatten", "average", "flat"), node("MatMul", "flat w", "logits"))
	default:
		g.Nodes = append(g.Nodes, node("Flatten", "average", "logits"))
	}
	g.Nodes = append(g.Nodes, node("Softmax", "logits", "probabilities", onnx.Int("axis", -1)))
	return m
}

// halves is red on the left and blue on the right.
func halves() imageprep.Image {
	img := imageprep.Image{W: 8, H: 8, Pix: make([]uint8, 3*8*8)}
	for p := range 64 {
		img.Pix[3*p+p%8/4*2] = 255
	}
	return img
}

func TestExplainFindsWhereAClassIsSeen(t *testing.T) {
	onnxruntime.Need(t)
	for _, test := range []struct {
		name string
		m    *onnx.Model
		want Method
	}{
		{"Gemm", averaging(t, "Gemm"), ClassActivation},
		{"MatMul", averaging(t, "MatMul"), ClassActivation},
		{"no dense layer", averaging(t, ""), ClassActivation},
		{"no average", model(t, colours.Bytes), Occlusion},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := open(test.m, Options{Explain: true})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for class, left := range map[int]bool{0: true, 2: false} {
				heat, err := c.Explain(t.Context(), halves(), class)
				if err != nil {
					t.Fatal(err)
				}
				if heat.Method != test.want {
					t.Errorf("got method %s, want %s", heat.Method, test.want)
				}
				if l, r := heat.at(0.2, 0.5), heat.at(0.8, 0.5); l > r != left {
					t.Errorf("class %d: got %v on the left and %v on the right", class, l, r)
				}
				drawn := heat.Over(halves())
				b := drawn.Bounds()
				l, r := drawn.RGBAAt(b.Dx()/8, b.Dy()/2), drawn.RGBAAt(b.Dx()*7/8, b.Dy()/2)
				if redness := int(l.R) - int(l.B) - int(r.R) + int(r.B); redness > 0 != left {
					t.Errorf("class %d: drawn %v on the left and %v on the right", class, l, r)
				}
			}
			if answers, err := c.Classify(t.Context(), []imageprep.Image{plain(1, 9, 9)}); err != nil || answers[0].Best() != 1 {
				t.Errorf("an explaining classifier answers %v, %v", answers, err)
			}
		})
	}
}

// The class map of the dense layer must be exact: its mean is the logit.
func TestTheClassMapsMeanIsTheLogit(t *testing.T) {
	onnxruntime.Need(t)
	m := averaging(t, "MatMul")
	m.Graph.Outputs = m.Graph.Outputs[1:] // the logits are the answer
	c, err := open(m, Options{Explain: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out, err := c.runOne(t.Context(), halves())
	if err != nil {
		t.Fatal(err)
	}
	for class := range 3 {
		heat, err := c.Explain(t.Context(), halves(), class)
		if err != nil {
			t.Fatal(err)
		}
		var sum float32
		for _, v := range heat.Values {
			sum += v
		}
		if d := sum/float32(len(heat.Values)) - out["logits"].Data[class]; !(d < 1e-5 && d > -1e-5) {
			t.Errorf("class %d: got a mean of %v, want the logit %v", class, sum/float32(len(heat.Values)), out["logits"].Data[class])
		}
	}
}

func TestExplainFillsUpAFixedBatch(t *testing.T) {
	onnxruntime.Need(t)
	for _, dense := range []string{"Gemm", ""} {
		m := averaging(t, dense)
		for _, v := range [][]onnx.ValueInfo{m.Graph.Inputs, m.Graph.Outputs} {
			for i := range v {
				v[i].Dims[0] = onnx.Known(4)
			}
		}
		c, err := open(m, Options{Explain: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		heat, err := c.Explain(t.Context(), halves(), 0)
		if err != nil || heat.Method != ClassActivation || !(heat.at(0.2, 0.5) > heat.at(0.8, 0.5)) {
			t.Errorf("dense %q: got %+v, %v", dense, heat, err)
		}
	}
}

func TestExplainWantsAnExplainingClassifierAndAClass(t *testing.T) {
	c := mustOpen(t, colours.Bytes, Options{})
	if _, err := c.Explain(t.Context(), halves(), 0); err == nil || !strings.Contains(err.Error(), "not opened to explain") {
		t.Errorf("got %v", err)
	}
	c = mustOpen(t, colours.Bytes, Options{Explain: true})
	if _, err := c.Explain(t.Context(), halves(), 3); err == nil || !strings.Contains(err.Error(), "got class 3, want 0 to 2") {
		t.Errorf("got %v", err)
	}
}

func TestAFlatHeatIsDrawnAsNone(t *testing.T) {
	drawn := Heat{H: 2, W: 2, Values: make([]float32, 4)}.Over(plain(0, 4, 4))
	if c := drawn.RGBAAt(100, 100); c.R != c.B || c.R != c.G {
		t.Errorf("got %v, want grey", c)
	}
}

// TestOverPhotographPutsTheHeatWhereTheNetworkLooked draws a heat whose right half is hot
// over a wide photograph, of which the network saw the middle or the whole.
func TestOverPhotographPutsTheHeatWhereTheNetworkLooked(t *testing.T) {
	heat := Heat{H: 1, W: 4, Values: []float32{0, 0, 1, 1}}
	photograph := imageprep.Image{W: 80, H: 40, Pix: make([]uint8, 3*80*40)}
	for i := range photograph.Pix {
		photograph.Pix[i] = 100
	}
	for _, tt := range []struct {
		resize   imageprep.Resize
		from, to int // the columns that are hot
		paler    int // the columns on either side that were not seen
	}{
		{imageprep.Stretch, 40, 80, 0},
		{imageprep.Crop, 40, 60, 20},
	} {
		drawn := heat.OverPhotograph(photograph, imageprep.Config{Size: 20, Resize: tt.resize})
		if drawn.Bounds() != image.Rect(0, 0, 80, 40) {
			t.Fatalf("got %v, want the photograph's size", drawn.Bounds())
		}
		for x := range 80 {
			c := drawn.RGBAAt(x, 7)
			near := x > tt.from-8 && x < tt.from+8 // between two cells
			hot := x >= tt.from && x < tt.to
			if !near && (c.R > c.B+50) != hot {
				t.Errorf("%s, column %d: got %v, want hot: %v", tt.resize, x, c, hot)
			}
			if pale := x < tt.paler || x >= 80-tt.paler; pale != (c.R == c.B && c.R > 150) {
				t.Errorf("%s, column %d: got %v, want pale: %v", tt.resize, x, c, pale)
			}
		}
	}
}
