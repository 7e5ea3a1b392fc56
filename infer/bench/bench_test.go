package bench

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	var sorted []time.Duration
	for i := range 10 {
		sorted = append(sorted, time.Duration(i+1)*time.Millisecond)
	}
	for q, want := range map[float64]float64{0: 1, 0.1: 1, 0.5: 5, 0.51: 6, 0.9: 9, 0.99: 10, 1: 10} {
		if got := quantile(sorted, q); got != want {
			t.Errorf("%v: got %v ms, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("of nothing: got %v, want 0", got)
	}
}

func TestRepeatCallsThreeTimesAndStopsAtAnError(t *testing.T) {
	n := 0
	took, err := repeat(0, func() error { n++; return nil })
	if err != nil || n != 3 || len(took) != 3 || !slices.IsSorted(took) {
		t.Errorf("got %d calls, %v, %v", n, took, err)
	}
	wrong := errors.New("wrong")
	if _, err := repeat(0, func() error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}

func TestAlternateGivesEachSideTheFirstRunInTurn(t *testing.T) {
	var order strings.Builder
	side := func(name string, d time.Duration) func() error {
		return func() error { order.WriteString(name); time.Sleep(d); return nil }
	}
	r, err := alternate(0, side("a", 2*time.Millisecond), side("b", 20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("abba", 4); order.String() != want {
		t.Errorf("got %s, want %s", order.String(), want)
	}
	if r.Pairs != 5 || !(r.P10 <= r.P50 && r.P50 <= r.P90 && r.P50 < 1) {
		t.Errorf("got %+v, want 5 ratios under 1", r)
	}
}

func TestColdStartPassesThePictureLast(t *testing.T) {
	program, err := exec.LookPath("grep")
	if err != nil {
		t.Skip("no grep")
	}
	if ms, err := ColdStart(t.Context(), []string{program, "-q", "rose"}, []byte("a rose"), 2); err != nil || !(ms > 0) {
		t.Errorf("got %v ms, %v", ms, err)
	}
	if _, err := ColdStart(t.Context(), []string{program, "-q", "tulip"}, []byte("a rose"), 2); err == nil {
		t.Error("a program that fails: got no error")
	}
}

func open(t *testing.T, o infer.Options) *infer.Classifier {
	t.Helper()
	onnxruntime.Need(t)
	c, err := infer.New(drawn.Model(), o)
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

func TestTimeFillsInEveryFigure(t *testing.T) {
	one, many := open(t, infer.Options{}), open(t, infer.Options{Many: true})
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	files := [][]byte{picture.Bytes()}
	o := Options{Model: "built in", Batches: []int{2, 3}, Limit: time.Millisecond, CPU: "a processor", Version: "1"}
	r, err := Time(t.Context(), one, many, files, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Runs != r.Batches[0] || r.Batch != 2 || len(r.Batches) != 2 {
		t.Errorf("batches: got %+v and %+v", r.Runs, r.Batches)
	}
	for name, v := range map[string]float64{"p50": r.P50, "p99": r.P99, "images/s": r.PerSecond, "decode": r.Decode,
		"resize": r.Resize, "infer": r.Infer, "prepare": r.Prepare, "pipeline": r.Pipeline, "threads": float64(r.Threads)} {
		if !(v > 0) {
			t.Errorf("%s: got %v, want more than 0", name, v)
		}
	}
	if r.Device != "cpu" || r.Onnxruntime == "" || r.Precision != "fp32" || r.Images != 1 {
		t.Errorf("got %+v", r)
	}
	v, err := Compare(t.Context(), one, many, "the same", files, o)
	if err != nil || v.Model != "the same" || len(v.Batches) != 2 || v.Batches[1].Batch != 3 {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, err := Time(t.Context(), one, many, [][]byte{[]byte("words")}, o); err == nil {
		t.Error("no image: got no error")
	}
}
