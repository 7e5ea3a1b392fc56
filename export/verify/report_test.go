package verify

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
)

func TestCompareMeasuresAgainstTheLargestLogit(t *testing.T) {
	want := onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, 2, -8, 0, 4, 1}}
	got := onnx.Tensor{Shape: []int{2, 3}, Data: []float32{1, 2, -8, 5, 4, 1}}
	d, err := Compare(want, got)
	if err != nil {
		t.Fatal(err)
	}
	if d.N != 2 || d.ArgmaxEqual != 1 || d.MaxAbs != 5 || d.MaxRel != 5.0/8 || d.Worst != 1 || math.Abs(d.MeanRel-5.0/6/8) > 1e-12 {
		t.Errorf("%+v", d)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		got.Data[0] = bad
		if d, err := Compare(want, got); err != nil || d.within(DefaultTolerance(export.FP32)) || d.within(DefaultTolerance(export.INT8)) {
			t.Errorf("%g passes: %+v %v", bad, d, err)
		}
	}
	if _, err := Compare(want, onnx.NewTensor(3, 2)); err == nil {
		t.Error("another shape: no error")
	}
}

func TestRequireInsistsOnTheFilesOwnGoodReport(t *testing.T) {
	c := branched(t)
	file := encoded(t, c, export.Options{})
	path := filepath.Join(t.TempDir(), "model.onnx")
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	report := func(r Report) {
		t.Helper()
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		write(ReportPath(path), text)
	}
	refused := func(what, want string) {
		t.Helper()
		if _, err := Require(path, file); !errors.Is(err, ErrNotVerified) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	refused("no report", "there is no ")
	write(ReportPath(path), []byte("not JSON"))
	refused("no JSON", "cannot be read")
	report(Report{OK: true, SHA256: strings.Repeat("0", 64)})
	refused("a wrong hash", "not the one that was verified")
	report(Report{SHA256: Digest(file), Problems: []string{"conv1 is wrong"}})
	refused("a bad report", "conv1 is wrong")
	report(Report{OK: true, SHA256: Digest(file)})
	if _, err := Require(path, file); err != nil {
		t.Errorf("a good report: %v", err)
	}
	file = append(file, 0x10)
	refused("a changed file", "not the one that was verified")
}
