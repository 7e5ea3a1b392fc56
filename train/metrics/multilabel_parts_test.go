package metrics

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestPartsOfLabelsTogether: what is counted is what one count of all images gives.
func TestPartsOfLabelsTogether(t *testing.T) {
	labels := []string{"cat", "dog", "none"}
	random := rand.New(rand.NewPCG(3, 4))
	answers := func(n int) (a LabelAnswers) {
		for range n {
			var present []int
			p := make([]float32, len(labels))
			for k := range labels {
				has := k < 2 && random.IntN(3) > k
				if has {
					present = append(present, k)
				}
				p[k] = random.Float32()
			}
			a.Present, a.Probabilities = append(a.Present, present), append(a.Probabilities, p)
		}
		return a
	}
	thresholds := []float64{0.3, 0.6, 0.9}
	one, other := answers(17), answers(30)
	all := LabelAnswers{append(append([][]int{}, one.Present...), other.Present...),
		append(append([][]float32{}, one.Probabilities...), other.Probabilities...)}
	a, b := one.Measure(labels, thresholds), other.Measure(labels, thresholds)
	got, want := TogetherLabels([]*MultiLabel{a, b}), all.Measure(labels, thresholds)
	if math.Abs(got.MeanAP-(a.MeanAP+b.MeanAP)/2) > 1e-12 ||
		math.Abs(got.Labels[0].AveragePrecision-(a.Labels[0].AveragePrecision+b.Labels[0].AveragePrecision)/2) > 1e-12 ||
		math.Abs(got.Labels[1].ROCArea-(a.Labels[1].ROCArea+b.Labels[1].ROCArea)/2) > 1e-12 ||
		math.Abs(got.MajorityRate-(a.MajorityRate+b.MajorityRate)/2) > 1e-12 {
		t.Errorf("got means %+v of %+v and %+v", got, a, b)
	}
	for k := range labels { // means, which are not those of all images
		got.Labels[k].AveragePrecision, got.Labels[k].ROCArea = want.Labels[k].AveragePrecision, want.Labels[k].ROCArea
	}
	got.MeanAP, got.MajorityRate = want.MeanAP, want.MajorityRate
	for k := range labels {
		if d := math.Abs(got.Labels[k].Threshold - thresholds[k]); d > 1e-12 {
			t.Errorf("threshold of %s: got %g", labels[k], got.Labels[k].Threshold)
		}
		got.Labels[k].Threshold = want.Labels[k].Threshold
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	// "cat" is in the first part alone: its precision there counts.
	for i := range other.Present {
		other.Present[i] = nil
	}
	b = other.Measure(labels, thresholds)
	if got := TogetherLabels([]*MultiLabel{a, b}).Labels[0].AveragePrecision; got != a.Labels[0].AveragePrecision {
		t.Errorf("got %g, want %g", got, a.Labels[0].AveragePrecision)
	}
	if TogetherLabels(nil) != nil {
		t.Error("figures of nothing")
	}
}
