package verify

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

// TestPreprocessingMayDifferByOneGreyLevel: that of a file whose rounding is raised
// by two levels is wrong.
func TestPreprocessingMayDifferByOneGreyLevel(t *testing.T) {
	onnxruntime.Need(t)
	c := branched(t)
	for raised, differs := range map[float32]bool{0: false, 0.5: true} { // at each of two steps
		m, err := export.Model(c, export.Options{})
		if err != nil {
			t.Fatal(err)
		}
		*m.Graph.Initializer("preprocess/half") = onnx.NewScalar("preprocess/half", 0.5+raised)
		reference, err := newGorgonia(c.Spec, c.Weights)
		if err != nil {
			t.Fatal(err)
		}
		defer reference.Close()
		file, err := openLayers(m, ort.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		ctx := context.Background()
		set, err := prepare(ctx, drawn(1, 40), c.Preprocess, 1)
		if err != nil {
			t.Fatal(err)
		}
		result, err := resizing(ctx, reference.Forward, file, c.Preprocess, set.originals)
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(result, func(r Resizing) bool { return r.Differs })
		if got != differs {
			t.Errorf("raised by %g twice: differs is %v: %+v", raised, got, result)
		}
	}
}

func TestBatchesHaveTheirSizesInTurn(t *testing.T) {
	ctx := context.Background()
	set, err := prepare(ctx, drawn(20, 8), branched(t).Preprocess, 0)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	f := func(_ context.Context, x onnx.Tensor) (onnx.Tensor, error) {
		sizes = append(sizes, x.Shape[0])
		return onnx.NewTensor(x.Shape[0], 2), nil
	}
	if _, err := set.all(ctx, f, batchSizes...); err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 7, 10}; !slices.Equal(sizes, want) {
		t.Errorf("20 images came in batches of %v, want %v", sizes, want)
	}
}

// TestAHugeReportIsNotRead: only its size is looked at.
func TestAHugeReportIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(ReportPath(path), bytes.Repeat([]byte(" "), 4<<20+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Require(path, nil); err == nil || !strings.Contains(err.Error(), "want at most 4194304") {
		t.Errorf("got %v, want that it is too large", err)
	}
}
