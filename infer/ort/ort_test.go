package ort

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/onnx"
)

// load loads the installed library, or skips the test.
func load(t testing.TB) install.Library {
	t.Helper()
	l, err := install.Find(install.BuildCPU)
	if err == nil {
		l, err = Load(l)
	}
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("FLOWERCTL_REQUIRE"), ","), "ort") {
			t.Fatal(err)
		}
		t.Skipf("%v: flowerctl runtime install", err)
	}
	return l
}

func colourSession(t testing.TB, input colours.Input, o Options) *Session {
	t.Helper()
	load(t)
	s, err := NewSession(encode(t, input), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func encode(t testing.TB, input colours.Input) []byte {
	t.Helper()
	m, err := colours.Model(input)
	if err != nil {
		t.Fatal(err)
	}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// picture is n images of h x w pixels of one colour each: red, green, blue ...
func picture(n, h, w int) []uint8 {
	pixels := make([]uint8, n*h*w*3)
	for i := range n {
		for p := range h * w {
			pixels[(i*h*w+p)*3+i%3] = 255
		}
	}
	return pixels
}

func TestSessionReadsTheModel(t *testing.T) {
	s := colourSession(t, colours.Bytes, Options{})
	in, out := s.Inputs(), s.Outputs()
	if len(in) != 1 || in[0].Name != "image" || in[0].Type != "uint8" ||
		!slices.Equal(in[0].Shape, []int{-1, -1, -1, 3}) {
		t.Errorf("got inputs %+v", in)
	}
	if len(out) != 2 || out[0].Name != "probabilities" || out[1].Name != "logits" ||
		!slices.Equal(out[1].Shape, []int{-1, 3}) || out[1].Type != "float32" {
		t.Errorf("got outputs %+v", out)
	}
	if got := s.Metadata()["labels"]; got != `["red","green","blue"]` {
		t.Errorf("got labels %s", got)
	}
}

func TestImagesOfAnySizeAreAnswered(t *testing.T) {
	s := colourSession(t, colours.Bytes, Options{})
	for _, n := range []int{1, 2, 5} {
		out, err := s.RunImages(t.Context(), picture(n, 7, 4), n, 7, 4)
		if err != nil {
			t.Fatal(err)
		}
		logits := out["logits"]
		if !slices.Equal(logits.Shape, []int{n, 3}) {
			t.Fatalf("got shape %v, want [%d 3]", logits.Shape, n)
		}
		for i := range n {
			for c := range 3 {
				want := float32(0)
				if c == i%3 {
					want = 255 * colours.Sharpness
				}
				if got := logits.Data[i*3+c]; !(abs(got-want) < 1e-5) {
					t.Errorf("image %d class %d: got %v, want %v", i, c, got, want)
				}
			}
		}
	}
}

func abs(x float32) float32 { return max(x, -x) }

func TestFloatInputs(t *testing.T) {
	s := colourSession(t, colours.PlainNCHW, Options{})
	x := onnx.NewTensor(2, 3, 8, 8)
	for i := range 64 {
		x.Data[64+i] = 1       // image 0 is green
		x.Data[2*3*64-1-i] = 1 // image 1 is blue
	}
	out, err := s.Run(t.Context(), map[string]onnx.Tensor{"pixels": x})
	if err != nil {
		t.Fatal(err)
	}
	got := out["logits"]
	if !slices.Equal(got.Shape, []int{2, 3}) || !(got.Data[1] > 7) || !(got.Data[5] > 7) ||
		!(abs(got.Data[0]) < 1e-5) {
		t.Errorf("got %+v", got)
	}
}

func TestWrongInputsAreNamed(t *testing.T) {
	bytes := colourSession(t, colours.Bytes, Options{})
	float := colourSession(t, colours.PlainNCHW, Options{})
	run := func(s *Session, in map[string]onnx.Tensor) error {
		_, err := s.Run(t.Context(), in)
		return err
	}
	_, short := bytes.RunImages(t.Context(), make([]uint8, 5), 1, 2, 2)
	_, kind := float.RunImages(t.Context(), make([]uint8, 12), 1, 2, 2)
	for _, test := range []struct {
		err  error
		want string
	}{
		{short, "input image: got 5 values for shape [1 2 2 3]"},
		{kind, "input pixels: got uint8, want float32"},
		{run(bytes, map[string]onnx.Tensor{"image": onnx.NewTensor(1, 2, 2, 3)}),
			"input image: got float32, want uint8"},
		{run(float, map[string]onnx.Tensor{"x": onnx.NewTensor(1)}), "input pixels: none given"},
		{run(float, nil), "got 0 inputs, want 1 (pixels)"},
		{run(float, map[string]onnx.Tensor{"pixels": onnx.NewTensor(1, 3, 4, 4)}),
			"invalid dimensions"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("got %v, want %q", test.err, test.want)
		}
	}
}

func TestBytesThatAreNoModel(t *testing.T) {
	load(t)
	for _, data := range []string{"", "hello", strings.Repeat("\x00", 100),
		string(encode(t, colours.Bytes)[:100])} {
		s, err := NewSession([]byte(data), Options{})
		if err == nil {
			s.Close()
			t.Errorf("%.10q: got a session", data)
			continue
		}
		if !strings.HasPrefix(err.Error(), "not an ONNX file") {
			t.Errorf("%.10q: got %v", data, err)
		}
	}
}

// TestFilesThatAreCutOffAndFromTheFutureAreNamed, without the C++ names of onnxruntime.
func TestFilesThatAreCutOffAndFromTheFutureAreNamed(t *testing.T) {
	load(t)
	whole := encode(t, colours.Bytes)
	newer, err := onnx.Decode(whole)
	if err != nil {
		t.Fatal(err)
	}
	newer.IRVersion = 99
	future, err := newer.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for want, data := range map[string][]byte{
		"not an ONNX file: cut off: its graph has ": whole[:len(whole)*2/3],
		"Unsupported model IR version: 99, max ":    future,
	} {
		s, err := NewSession(data, Options{})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestRunsMayOverlap(t *testing.T) {
	s := colourSession(t, colours.Bytes, Options{Threads: 2})
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			n := worker%3 + 1
			for range 50 {
				out, err := s.RunImages(context.Background(), picture(n, 8, 8), n, 8, 8)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range n {
					if !(out["probabilities"].Data[i*3+i%3] > 0.99) {
						t.Errorf("image %d of %d: got %v", i, n, out["probabilities"].Data)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// slowModel multiplies a matrix with itself: hundreds of nodes, seconds of work.
func slowModel(t testing.TB) []byte {
	t.Helper()
	const n = 512
	m := &onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}}
	g := &m.Graph
	g.Name = "slow"
	g.Inputs = []onnx.ValueInfo{onnx.TensorInfo("x0", onnx.Float32, onnx.Known(n), onnx.Known(n))}
	last := "x0"
	for range 2000 {
		next := "x" + string(rune('0'+len(g.Nodes)%10)) + strings.Repeat("_", len(g.Nodes)/10+1)
		g.Nodes = append(g.Nodes, onnx.Node{Name: next, Op: "MatMul", Inputs: []string{last, "x0"},
			Outputs: []string{next}})
		last = next
	}
	g.Outputs = []onnx.ValueInfo{onnx.TensorInfo(last, onnx.Float32, onnx.Known(n), onnx.Known(n))}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestContextCancelsARun(t *testing.T) {
	load(t)
	s, err := NewSession(slowModel(t), Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = s.Run(ctx, map[string]onnx.Tensor{"x0": onnx.NewTensor(512, 512)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the context's error", err)
	}
	t.Logf("stopped after %v", time.Since(start))
	_, err = s.Run(ctx, map[string]onnx.Tensor{"x0": onnx.NewTensor(512, 512)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a run under an ended context: got %v", err)
	}
}
