package ort

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/onnx"
)

// emptyCache gives the test a cache folder of its own, once onnxruntime has been
// loaded from the usual one.
func emptyCache(t testing.TB) {
	t.Helper()
	load(t)
	dir := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
}

// inverted is y = -x, and squared is y = x*x, of the same ports.
func inverted(t testing.TB) []byte { return unary(t, onnx.Node{Op: "Neg", Inputs: []string{"x"}}) }
func squared(t testing.TB) []byte {
	return unary(t, onnx.Node{Op: "Mul", Inputs: []string{"x", "x"}})
}

// graphOf is cachedGraph of a file.
func graphOf(file []byte, o Options) *cached {
	m, err := onnx.Decode(file)
	if err != nil {
		m = nil
	}
	return cachedGraph(&Model{file: file, Decoded: m}, o)
}

// weighing has n weights of so many bytes.
func weighing(t testing.TB, n, bytes int) []byte {
	t.Helper()
	m := onnx.Model{IRVersion: 8}
	for range n {
		m.Graph.Initializers = append(m.Graph.Initializers,
			onnx.NewInitializer("w", onnx.NewTensor(bytes/4)))
	}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unary(t testing.TB, n onnx.Node) []byte {
	t.Helper()
	n.Name, n.Outputs = "only", []string{"y"}
	one := onnx.Known(1)
	m := onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}, Graph: onnx.Graph{
		Name:    "unary",
		Inputs:  []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, one)},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo("y", onnx.Float32, one)},
		Nodes:   []onnx.Node{n},
	}}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// answer opens the model and returns its y for x = 3.
func answer(t testing.TB, model []byte, o Options) float32 {
	t.Helper()
	s, err := NewSession(model, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(t.Context(), map[string]onnx.Tensor{"x": {Shape: []int{1}, Data: []float32{3}}})
	if err != nil {
		t.Fatal(err)
	}
	return out["y"].Data[0]
}

func isCached(model []byte) bool {
	_, ok := graphOf(model, named).find()
	return ok
}

var named = Options{Name: "a model"}

// TestTheKeptGraphIsUsed puts another network's graph where a model's is kept.
func TestTheKeptGraphIsUsed(t *testing.T) {
	emptyCache(t)
	model := inverted(t)
	if err := graphOf(model, named).write(func(path string) error {
		return os.WriteFile(path, squared(t), 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, model, named); got != 9 {
		t.Errorf("got %v, want the kept graph's 9", got)
	}
	if got := answer(t, model, Options{}); got != -3 {
		t.Errorf("a model without a name: got %v, want its own -3", got)
	}
	if got := answer(t, model, Options{Name: "another"}); got != -3 {
		t.Errorf("a model of another name: got %v, want its own -3", got)
	}
	if got := answer(t, unary(t, onnx.Node{Op: "Abs", Inputs: []string{"x"}}), named); got != 3 {
		t.Errorf("other bytes under the same name: got %v, want their own 3", got)
	}
	if got := answer(t, model, named); got != -3 {
		t.Errorf("the first bytes again: got %v, want their own -3", got)
	}
}

// TestKeptGraphsAnswerAlike: ports, metadata and every bit of the answers.
func TestKeptGraphsAnswerAlike(t *testing.T) {
	emptyCache(t)
	pixels := picture(2, 9, 11)
	var first *Session
	for i := range 3 {
		s, err := NewSession(encode(t, colours.Bytes), named)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if !isCached(encode(t, colours.Bytes)) {
			t.Fatalf("session %d: no graph is kept", i)
		}
		if first == nil {
			first = s
			continue
		}
		want, err := first.RunImages(t.Context(), pixels, 2, 9, 11)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.RunImages(t.Context(), pixels, 2, 9, 11)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got["logits"].Data, want["logits"].Data) || len(got) != len(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if got, want := s.Metadata()["labels"], first.Metadata()["labels"]; got != want || got == "" {
			t.Errorf("got labels %q, want %q", got, want)
		}
		if got := s.Outputs(); len(got) != 2 || got[0].Name != "probabilities" {
			t.Errorf("got outputs %v", got)
		}
	}
}

// TestDamagedGraphsAreMadeAnew: whatever lies in the cache, the model answers, and
// is kept again.
func TestDamagedGraphsAreMadeAnew(t *testing.T) {
	emptyCache(t)
	model := inverted(t)
	answer(t, model, named)
	k := graphOf(model, named)
	whole, err := os.ReadFile(k.path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(at int) []byte {
		data := bytes.Clone(whole)
		data[at] ^= 1
		return data
	}
	size := binary.Size(trailer{})
	for name, data := range map[string][]byte{
		"empty":               {},
		"cut":                 whole[:len(whole)-1],
		"the trailer alone":   whole[len(whole)-size:],
		"without a trailer":   whole[:len(whole)-size],
		"a bit of the graph":  flipped(3),
		"a bit of its origin": flipped(len(whole) - size + 3),
		"a bit of its sum":    flipped(len(whole) - 1),
		"a bit of its tag":    flipped(len(whole) - size),
	} {
		if err := os.WriteFile(k.path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if isCached(model) {
			t.Errorf("%s: read", name)
		}
		if got := answer(t, model, named); got != -3 {
			t.Errorf("%s: got %v, want -3", name, got)
		}
		if !isCached(model) {
			t.Errorf("%s: not kept again", name)
		}
	}
	// Whole, but nothing that onnxruntime can open.
	k.write(func(path string) error { return os.WriteFile(path, []byte("no graph"), 0o600) })
	if got := answer(t, model, named); got != -3 {
		t.Errorf("no graph: got %v, want -3", got)
	}
}

func TestSessionsOpenWithoutACache(t *testing.T) {
	emptyCache(t)
	dir, err := GraphCache()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file in the folder's place
		t.Fatal(err)
	}
	if got := answer(t, inverted(t), named); got != -3 {
		t.Errorf("got %v, want -3", got)
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	if got := answer(t, inverted(t), named); got != -3 {
		t.Errorf("without a home: got %v, want -3", got)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	emptyCache(t)
	for name, k := range map[string]*cached{
		"no name":        graphOf(inverted(t), Options{}),
		"a GPU":          graphOf(inverted(t), Options{Name: "a", Device: Device{CUDA: true}}),
		"large":          graphOf(weighing(t, largestModel/largestWeight+1, largestWeight), named),
		"a large weight": graphOf(weighing(t, 1, largestWeight+4), named),
		"not for us":     graphOf([]byte("no model"), named),
	} {
		if k != nil {
			t.Errorf("%s: kept at %s", name, k.path)
		}
	}
	if graphOf(weighing(t, largestModel/largestWeight, largestWeight), named) == nil {
		t.Error("as many of the largest weights as fit: not kept")
	}
}
