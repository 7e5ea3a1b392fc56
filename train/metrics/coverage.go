package metrics

import (
	"cmp"
	"slices"
)

// Covered is a point of a coverage curve: what is answered where answers of less
// than a confidence are called unknown.
type Covered struct {
	Confidence float64 `json:"confidence"` // of the least confident answer
	Coverage   float64 `json:"coverage"`   // share of images with an answer
	Accuracy   float64 `json:"accuracy"`   // share of right answers among these
	N          int     `json:"n"`          // answers
	Right      int     `json:"right"`      // of them
}

// Coverage is the curve of accuracy against coverage, from the most confident
// answer on; images of one confidence are one point.
func (a *Answers) Coverage() []Covered {
	type answer struct {
		confidence float64
		right      bool
	}
	all := make([]answer, len(a.Labels))
	for i, label := range a.Labels {
		best := first(a.Probabilities[i])
		all[i] = answer{float64(a.At(i, best)), best == label}
	}
	slices.SortStableFunc(all, func(x, y answer) int { return cmp.Compare(y.confidence, x.confidence) })
	var curve []Covered
	right := 0
	for i, x := range all {
		if x.right {
			right++
		}
		if i+1 < len(all) && all[i+1].confidence == x.confidence {
			continue
		}
		n := i + 1
		curve = append(curve, Covered{Confidence: x.confidence, Coverage: ratio(n, len(all)),
			Accuracy: ratio(right, n), N: n, Right: right})
	}
	return curve
}

// Threshold is below which confidence an answer is called unknown, so that those
// which are given are right as often as is wanted.
type Threshold struct {
	Confidence float64    `json:"confidence"` // 0: every answer is given
	Wanted     float64    `json:"wanted"`     // precision
	Precision  float64    `json:"precision"`  // of the answers that are given
	Interval   [2]float64 `json:"interval"`   // of the precision, 95 %, Wilson's
	Coverage   float64    `json:"coverage"`   // share of images with an answer
	Images     int        `json:"images"`     // that it was chosen on
}

// fewestAnswers is how many images a threshold has to leave an answer for: a few
// right answers at the top of the curve are no evidence.
const fewestAnswers = 20

// ChooseThreshold is the smallest threshold of a coverage curve with the wanted
// precision. Where none has it, ok is false, and the threshold is the one that comes
// nearest.
func ChooseThreshold(curve []Covered, wanted float64) (t Threshold, ok bool) {
	if len(curve) == 0 {
		return Threshold{Wanted: wanted}, false
	}
	images := curve[len(curve)-1].N
	fewest := min(fewestAnswers, images)
	at := -1
	for i, c := range curve {
		switch {
		case c.N < fewest:
		case c.Accuracy >= wanted:
			at, ok = i, true
		case !ok && (at < 0 || c.Accuracy > curve[at].Accuracy):
			at = i
		}
	}
	t, c := Threshold{Wanted: wanted, Images: images}, curve[at] // the last has all images
	t.Precision, t.Coverage = c.Accuracy, c.Coverage
	t.Interval[0], t.Interval[1] = Wilson(c.Right, c.N)
	if at+1 < len(curve) { // halfway to the first that is not answered
		t.Confidence = (c.Confidence + curve[at+1].Confidence) / 2
	}
	return t, ok
}
