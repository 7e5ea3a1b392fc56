package infer

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

func model(t testing.TB, in colours.Input) *onnx.Model {
	t.Helper()
	m, err := colours.Model(in)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(m *onnx.Model, o Options) (*Classifier, error) {
	data, err := m.Encode()
	if err != nil {
		return nil, err
	}
	return New(data, o)
}

func mustOpen(t testing.TB, in colours.Input, o Options) *Classifier {
	t.Helper()
	onnxruntime.Need(t)
	c, err := open(model(t, in), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// plain is a picture of one colour: channel c at 255.
func plain(c, w, h int) imageprep.Image {
	img := imageprep.Image{W: w, H: h, Pix: make([]uint8, 3*w*h)}
	for p := range w * h {
		img.Pix[3*p+c] = 255
	}
	return img
}

// elsewhere are the options that a file without metadata needs.
var elsewhere = Options{Labels: colours.Labels}

func TestEveryKindOfInputGivesTheSameAnswers(t *testing.T) {
	images := []imageprep.Image{plain(2, 8, 8), plain(0, 20, 10), plain(1, 5, 6), plain(0, 8, 8)}
	var want []Answer
	for in, o := range map[colours.Input]Options{
		colours.Bytes: {}, colours.Float: {}, colours.PlainNCHW: elsewhere, colours.PlainNHWC: elsewhere,
	} {
		c := mustOpen(t, in, o)
		if got := c.Preprocess(); got.Size != colours.Size {
			t.Errorf("%s: got size %d, want %d", in, got.Size, colours.Size)
		}
		got, err := c.Classify(t.Context(), images)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		for i, label := range []string{"blue", "red", "green", "red"} {
			top := got[i].Top(2)
			if len(top) != 2 || top[0].Label != label || !(top[0].Probability > 0.99) || got[i].Best() != slices.Index(colours.Labels, label) {
				t.Errorf("%s: image %d: got %v, want %s", in, i, top, label)
			}
			if want != nil {
				for k, p := range got[i].Probabilities {
					if d := p - want[i].Probabilities[k]; !(d < 1e-6 && d > -1e-6) {
						t.Errorf("%s: image %d: got %v, want %v", in, i, got[i].Probabilities, want[i].Probabilities)
					}
				}
			}
		}
		want = got
	}
}

func TestMeanAndStdScaleTheInput(t *testing.T) {
	// The model multiplies means by 255 * Sharpness: with std 255 a channel of 1
	// becomes 1/255, whose logit is Sharpness; the mean moves all logits by the same
	// but green's.
	o := elsewhere
	o.Mean, o.Std = []float32{0, 1, 0}, []float32{255}
	c := mustOpen(t, colours.PlainNCHW, o)
	got, err := c.Classify(t.Context(), []imageprep.Image{plain(0, 8, 8)})
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{colours.Sharpness, -colours.Sharpness, 0}
	softmax(want)
	for k, p := range got[0].Probabilities {
		if d := p - want[k]; !(d < 1e-6 && d > -1e-6) {
			t.Fatalf("got %v, want %v", got[0].Probabilities, want)
		}
	}
}

func TestAFixedBatchIsFilledUp(t *testing.T) {
	onnxruntime.Need(t)
	m := model(t, colours.Bytes)
	m.Graph.Inputs[0].Dims[0] = onnx.Known(3)
	m.Graph.Outputs[0].Dims[0] = onnx.Known(3)
	m.Graph.Outputs[1].Dims[0] = onnx.Known(3)
	c, err := open(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var images []imageprep.Image
	for i := range 7 {
		images = append(images, plain(i%3, 8, 8))
	}
	got, err := c.Classify(t.Context(), images)
	if err != nil || len(got) != 7 {
		t.Fatalf("got %d answers, %v", len(got), err)
	}
	for i, a := range got {
		if a.Best() != i%3 {
			t.Errorf("image %d: got %v", i, a.Top(1))
		}
	}
}

func TestRunsOnCUDAHaveFewSizes(t *testing.T) {
	sizes := map[int]bool{}
	for n := 1; n <= 1024; n++ {
		rows := rowsOnCUDA(n)
		if rows < n {
			t.Fatalf("got %d rows for %d images", rows, n)
		}
		sizes[rows] = true
	}
	if len(sizes) != 3+8 { // 1, 8, 32 and the multiples of 128
		t.Errorf("got %d sizes, want 11", len(sizes))
	}
}

func TestFilesThatCannotBeUsedSayWhatTheyLack(t *testing.T) {
	onnxruntime.Need(t)
	edited := func(in colours.Input, edit func(*onnx.Model)) *onnx.Model {
		m := model(t, in)
		edit(m)
		return m
	}
	dims := func(d ...onnx.Dim) func(*onnx.Model) {
		return func(m *onnx.Model) { m.Graph.Inputs[0].Dims = d }
	}
	n, k := onnx.Symbol("N"), onnx.Known
	for _, test := range []struct {
		m    *onnx.Model
		o    Options
		want string
	}{
		{model(t, colours.PlainNCHW), Options{}, "the file does not name its classes"},
		{model(t, colours.PlainNCHW), Options{Labels: []string{"a", "b"}}, "got 2 labels, but no output has that many classes"},
		{model(t, colours.Bytes), Options{Labels: []string{"a", "b"}}, "got 2 labels, but output probabilities has 3 classes"},
		{model(t, colours.PlainNCHW), Options{Labels: colours.Labels, Size: 16}, "got size 16, but input pixels takes 8 only"},
		{model(t, colours.Bytes), Options{Mean: []float32{1}}, "input image: takes bytes, which are not scaled"},
		{model(t, colours.PlainNCHW), Options{Labels: colours.Labels, Std: []float32{0}}, "std: got [0], want numbers above 0"},
		{model(t, colours.PlainNCHW), Options{Labels: colours.Labels, Mean: []float32{1, 2}}, "mean: got 2 values, want 1 or 3"},
		{edited(colours.PlainNCHW, dims(n, k(3), onnx.Symbol("H"), onnx.Symbol("W"))), elsewhere, "does not say what size"},
		{edited(colours.PlainNCHW, dims(n, k(3), k(8), k(9))), elsewhere, "want a square"},
		{edited(colours.PlainNCHW, dims(n, k(1), k(8), k(8))), elsewhere, "want 3 channels"},
		{edited(colours.Bytes, func(m *onnx.Model) { m.Metadata[0].Value = "{"; m.Metadata[1].Value = "{" }), Options{}, "metadata "},
		{edited(colours.Bytes, func(m *onnx.Model) {
			m.Metadata = []onnx.Property{{Key: "labels", Value: `["a","b","c"]`}, {Key: "preprocess", Value: `{"size":100000}`}}
		}), Options{}, "size is 100000"},
	} {
		c, err := open(test.m, test.o)
		if err == nil {
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	path := filepath.Join(t.TempDir(), "x.onnx")
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "x.onnx: no such file") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), "x.onnx: not an ONNX file") {
		t.Errorf("got %v", err)
	}
}

func TestSizeFillsInWhatTheFileLeavesOpen(t *testing.T) {
	onnxruntime.Need(t)
	m := model(t, colours.PlainNHWC)
	m.Graph.Inputs[0].Dims = []onnx.Dim{onnx.Symbol("N"), onnx.Symbol("H"), onnx.Symbol("W"), onnx.Known(3)}
	o := elsewhere
	o.Size = 5
	c, err := open(m, o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Classify(t.Context(), []imageprep.Image{plain(1, 9, 3)})
	if err != nil || got[0].Best() != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestClassifyMayBeCalledAtTheSameTime(t *testing.T) {
	c := mustOpen(t, colours.PlainNCHW, elsewhere)
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			for i := range 30 {
				colour := (worker + i) % 3
				got, err := c.Classify(context.Background(), []imageprep.Image{plain(colour, 8, 8)})
				if err != nil || got[0].Best() != colour {
					t.Errorf("got %v, %v, want %d", got, err, colour)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestTop(t *testing.T) {
	a := Answer{Probabilities: []float32{0.2, 0.3, 0.2, 0.3}, labels: []string{"a", "b", "c", "d"}}
	var got []string
	for _, c := range a.Top(9) {
		got = append(got, c.Label)
	}
	if want := []string{"b", "d", "a", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: equals stand by index", got, want)
	}
	if a.Best() != 1 {
		t.Errorf("got best %d, want 1", a.Best())
	}
}

func TestManyPicturesGetRunsThatOverlap(t *testing.T) {
	for _, test := range []struct {
		o    Options
		runs int
	}{
		{Options{}, 1},
		{Options{Many: true}, runtime.GOMAXPROCS(0)},
		{Options{Many: true, Session: ort.Options{Threads: runtime.GOMAXPROCS(0)}}, 1},
		{Options{Many: true, Session: ort.Options{Threads: 1000}}, 1},
	} {
		c := mustOpen(t, colours.Bytes, test.o)
		if got := c.Engine().Runs; got != test.runs {
			t.Errorf("%+v: got %d runs, want %d", test.o, got, test.runs)
		}
	}
}
