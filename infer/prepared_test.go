package infer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	spec "github.com/flowerctl/flowerctl/train/model"
)

// resizing is an exported network that takes images of 20 x 20 pixels.
func resizing(t *testing.T, how imageprep.Resize, o export.Options) *onnx.Model {
	t.Helper()
	b := spec.NewBuilder("resizing", 20, 3)
	b.Rescale(1.0/255, 0)
	b.ConvReLU(6, spec.Window{Kernel: 3, Same: true})
	b.GlobalAvgPool()
	b.Head("main", 1)
	c := networks.Build(t, b)
	c.Preprocess.Resize = how
	m, err := export.Model(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// kinds are the files that export writes for images.
func kinds() (list []struct {
	how imageprep.Resize
	o   export.Options
}) {
	for _, how := range []imageprep.Resize{imageprep.Stretch, imageprep.Crop} {
		for _, op := range []export.ResizeOp{export.ByMatMul, export.ByResize} {
			for _, precision := range []export.Precision{export.FP32, export.FP16} {
				list = append(list, struct {
					how imageprep.Resize
					o   export.Options
				}{how, export.Options{ResizeOp: op, Precision: precision}})
			}
		}
	}
	return list
}

// TestResizingIsLeftOut of all files that export writes. What is left answers as the
// whole file does.
func TestResizingIsLeftOut(t *testing.T) {
	onnxruntime.Need(t)
	images := []imageprep.Image{plain(0, 20, 20), plain(1, 20, 20), {W: 20, H: 20, Pix: make([]uint8, 1200)}}
	for i := range images[2].Pix {
		images[2].Pix[i] = uint8(i * 7)
	}
	for _, kind := range kinds() {
		m := resizing(t, kind.how, kind.o)
		file, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		cut, err := onnx.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if !leaveOut(&cut.Graph, 20) {
			steps := slices.IndexFunc(m.Graph.Nodes, func(n onnx.Node) bool { return n.Name == "rescale1" })
			t.Errorf("%s %+v: not known: digest %s", kind.how, kind.o, digestOf(&m.Graph, steps))
			continue
		}
		if n := len(m.Graph.Nodes) - len(cut.Graph.Nodes); n < 10 {
			t.Errorf("%s %+v: %d nodes are left out", kind.how, kind.o, n)
		}
		if err := cut.Check(); err != nil {
			t.Errorf("%s %+v: %v", kind.how, kind.o, err)
		}
		session, err := ort.NewSession(file, ort.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		c, err := New(file, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		got, err := c.Classify(t.Context(), images)
		if err != nil {
			t.Fatal(err)
		}
		for i, img := range images {
			want, err := session.RunImages(t.Context(), img.Pix, 1, 20, 20)
			if err != nil {
				t.Fatal(err)
			}
			if !close3(got[i].Probabilities, want[outputProbabilities].Data, 1e-6) {
				t.Errorf("%s %+v: image %d: got %v, the whole file %v",
					kind.how, kind.o, i, got[i].Probabilities, want[outputProbabilities].Data)
			}
		}
	}
}

// TestAnotherPreprocessingStays in the graph: what is not known may do more than to
// resize.
func TestAnotherPreprocessingStays(t *testing.T) {
	for what, change := range map[string]func(g *onnx.Graph){
		"another rounding": func(g *onnx.Graph) {
			*g.Initializer("preprocess/half") = onnx.NewScalar("preprocess/half", 1.5)
		},
		"another size": func(g *onnx.Graph) {
			*g.Initializer("preprocess/size") = onnx.NewInt64("preprocess/size", 10)
		},
		"another operator":  func(g *onnx.Graph) { g.Node("preprocess").Op = "Ceil" },
		"another transpose": func(g *onnx.Graph) { g.Node("preprocess/transpose").Attribute("perm").Ints[1] = 0 },
		"a value in use": func(g *onnx.Graph) {
			g.Outputs = append(g.Outputs, onnx.TensorInfo("preprocess/across", onnx.Float32))
		},
		"another reader": func(g *onnx.Graph) {
			g.Nodes = append(g.Nodes, onnx.Node{Op: "Neg", Name: "n",
				Inputs: []string{"preprocess/across"}, Outputs: []string{"n"}})
		},
	} {
		m := resizing(t, imageprep.Stretch, export.Options{})
		nodes := len(m.Graph.Nodes)
		change(&m.Graph)
		if leaveOut(&m.Graph, 20) || len(m.Graph.Nodes) < nodes {
			t.Errorf("%s: left out", what)
		}
	}
}

// TestTheResizingOfOldFilesIsLeftOut: version 0.1.0 wrote that file.
func TestTheResizingOfOldFilesIsLeftOut(t *testing.T) {
	m, err := onnx.Decode(drawn.Model())
	if err != nil {
		t.Fatal(err)
	}
	size, err := m.Graph.Initializer("preprocess/size").Int64s()
	if err != nil || !leaveOut(&m.Graph, int(size[0])) {
		t.Errorf("not known (%v)", err)
	}
}

// TestTheGraphWithoutResizingIsCached: the next session opens it, not the file's.
func TestTheGraphWithoutResizingIsCached(t *testing.T) {
	onnxruntime.Need(t)
	dir := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
	m := resizing(t, imageprep.Stretch, export.Options{})
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f := &File{Name: filepath.Join(dir, "m.onnx"), Data: data}
	for range 2 {
		c, err := f.Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	graphs, err := ort.GraphCache()
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(graphs)
	if err != nil || len(list) != 1 {
		t.Fatalf("got %d graphs (%v), want 1", len(list), err)
	}
	graph, err := os.ReadFile(filepath.Join(graphs, list[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	cached, err := onnx.Decode(graph)
	if err != nil {
		t.Skipf("package onnx does not read what onnxruntime writes: %v", err)
	}
	for _, n := range cached.Graph.Nodes {
		if strings.HasPrefix(n.Name, preparing+"/across") {
			t.Errorf("node %s is in the cached graph", n.Name)
		}
	}
}
