package metrics

import (
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
)

// drawn are answers for n images of some of the classes, with equal ones among them: the
// probabilities are not normalised, and multiples of a step.
func drawn(n, classes int, step float32) (*Answers, []string) {
	rng := rand.New(rand.NewPCG(3, uint64(classes)))
	a, labels := new(Answers), make([]string, classes)
	for c := range labels {
		labels[c] = strconv.Itoa(c)
	}
	for i := range n {
		label := i / 2 % classes
		row := make([]float32, classes)
		for c := range row {
			row[c] = step * float32(1+rng.IntN(20))
		}
		row[label] += step * float32(rng.IntN(10))
		a.Labels, a.Probabilities = append(a.Labels, label), append(a.Probabilities, row)
	}
	return a, labels
}

// TestAreasOfFewImagesAreThoseOfTheCurve: they are counted in another way.
func TestAreasOfFewImagesAreThoseOfTheCurve(t *testing.T) {
	for _, n := range []int{1, 7, 60} {
		a, labels := drawn(n, 5, 0.01)
		order := make([]int, n)
		for class := range labels {
			p := a.column(class, make([]float32, n))
			want, got := a.curves(class, p, order, true), a.areas(class, p)
			if !near(got.ROCArea, want.ROCArea) || !near(got.AveragePrecision, want.AveragePrecision) {
				t.Errorf("%d images, class %d: got %+v, want areas %g and %g", n, class, got, want.ROCArea,
					want.AveragePrecision)
			}
		}
	}
	all := &Answers{Labels: []int{0, 0}, Probabilities: [][]float32{{0.5, 0.5}, {0.7, 0.3}}}
	if got := all.areas(0, []float32{0.5, 0.7}); got.ROCArea != 0 || !near(got.AveragePrecision, 1) {
		t.Errorf("all of one class: got %+v", got)
	}
	if got := all.areas(1, []float32{0.5, 0.3}); got.ROCArea != 0 || got.AveragePrecision != 0 {
		t.Errorf("none of a class: got %+v", got)
	}
}

// TestManyClassesTakeNoMoreMemory: the answers of 60 images of 2,000 classes take 480 kB;
// what is computed from them takes far less, and the temperature is fitted on some.
func TestManyClassesTakeNoMoreMemory(t *testing.T) {
	a, labels := drawn(60, 2000, 1e-4)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := a.Calibrate()
	curves, coverage := a.Tempered(c.Temperature).Curves(labels), a.Tempered(c.Temperature).Coverage()
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 300_000 {
		t.Errorf("took %d bytes, want 300,000 at most", used)
	}
	if len(curves) != 2000 || len(coverage) == 0 || curves[3].ROCArea == 0 || curves[1999].ROCArea != 0 {
		t.Errorf("got %d curves, %d points of coverage, areas %g and %g", len(curves), len(coverage),
			curves[3].ROCArea, curves[1999].ROCArea)
	}
	for _, one := range []struct{ images, classes, fitted int }{
		{4000, 10000, 400}, {4000, 100, 4000}, {5000, 2000, 1667}, {20000, 100000, 200}, {400, 2000, 400},
	} {
		few := &Answers{Labels: make([]int, one.images), Probabilities: make([][]float32, one.images)}
		few.Probabilities[0] = make([]float32, one.classes)
		step := few.fitted()
		if got := (one.images + step - 1) / step; got != one.fitted {
			t.Errorf("%d images of %d classes: fitted on %d, want %d", one.images, one.classes, got, one.fitted)
		}
	}
}
