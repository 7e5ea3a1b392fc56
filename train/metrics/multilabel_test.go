package metrics

import (
	"math"
	"slices"
	"testing"
)

// threeLabels are six images. The figures of the test are scikit-learn's
// average_precision_score, precision_recall_fscore_support and accuracy_score, by hand.
func threeLabels() *LabelAnswers {
	return &LabelAnswers{
		Present: [][]int{{0, 1}, {0}, {1}, {}, {0}, {}},
		Probabilities: [][]float32{{0.9, 0.2, 0.1}, {0.8, 0.7, 0.1}, {0.3, 0.6, 0.1}, {0.4, 0.1, 0.2},
			{0.35, 0.1, 0.1}, {0.1, 0.1, 0.7}},
	}
}

func TestLabelsAreMeasuredEachAtItsThreshold(t *testing.T) {
	a, labels := threeLabels(), []string{"a", "b", "c"}
	m := a.Measure(labels, []float64{0.33, 0.5, 0.5})
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) < 1e-12) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	// a: right, right, wrong (0.4), right (0.35), ...: 1/3 + 1/3 + 3/4/3.
	near("average precision of a", m.Labels[0].AveragePrecision, (1+1+0.75)/3)
	// b: wrong (0.7), right (0.6), right (0.2).
	near("average precision of b", m.Labels[1].AveragePrecision, (0.5+2./3)/2)
	near("average precision of c, which no image has", m.Labels[2].AveragePrecision, 0)
	near("their mean, of a and b", m.MeanAP, (2.75/3+(0.5+2./3)/2)/2)
	near("mean alone", a.MeanAP(), m.MeanAP)
	near("precision of a", m.Labels[0].Precision, 0.75)
	near("recall of a", m.Labels[0].Recall, 1)
	near("precision of b", m.Labels[1].Precision, 0.5)
	near("recall of b", m.Labels[1].Recall, 0.5)
	near("f1 of b", m.Labels[1].F1, 0.5)
	near("precision of c", m.Labels[2].Precision, 0)
	near("micro precision", m.Micro.Precision, 4./7)
	near("micro recall", m.Micro.Recall, 4./5)
	near("micro f1", m.Micro.F1, 2*4./(7+5))
	near("macro recall", m.Macro.Recall, 0.5)
	near("exact match", m.ExactMatch, 2./6) // the third and the fifth
	near("majority", m.MajorityRate, 2./6)
	if m.Labels[0].Support != 3 || m.Labels[0].Given != 4 || m.N != 6 {
		t.Errorf("got %+v of %d", m.Labels[0], m.N)
	}
}

func TestThresholdsHaveTheBestF1(t *testing.T) {
	a := threeLabels()
	got := a.Thresholds()
	// a: 0.9, 0.8 right, 0.4 wrong, 0.35 right, 0.3 wrong: best down to 0.35.
	// b: 0.7 wrong, 0.6 right, 0.2 right: best down to 0.2. c: no image has it.
	want := []float64{float64(float32(0.35)+float32(0.3)) / 2, (float64(float32(0.2)) + float64(float32(0.1))) / 2, 0.5}
	for k := range want {
		if !(math.Abs(got[k]-want[k]) < 1e-6) {
			t.Errorf("label %d: got %v, want %v", k, got[k], want[k])
		}
	}
	best := func(k int, thresholds []float64) float64 {
		return a.Measure([]string{"a", "b", "c"}, thresholds).Labels[k].F1
	}
	for k := range 2 {
		for x := 0.01; x < 1; x += 0.01 {
			other := slices.Clone(got)
			other[k] = x
			if best(k, other) > best(k, got)+1e-12 {
				t.Errorf("label %d: threshold %.2f has F1 %v, that of %v %v", k, x, best(k, other), got[k], best(k, got))
			}
		}
	}
	if got := (&LabelAnswers{Present: [][]int{{0}, {}}, Probabilities: [][]float32{{0.9}, {0.2}}}).Thresholds(); got[0] != 0.5 {
		t.Errorf("of equals: got %v, want the usual one", got)
	}
}
