package metrics

import (
	"cmp"
	"slices"
)

// LabelAnswers are a network's probabilities for images that have any number of labels.
type LabelAnswers struct {
	Present       [][]int     // the labels of each image, in order
	Probabilities [][]float32 // of each image, by label
}

// LabelScore says how well one label is told.
type LabelScore struct {
	Label string `json:"label"`
	// AveragePrecision is as in [Curves], over all thresholds; 0 without images of it.
	AveragePrecision float64 `json:"average_precision"`
	ROCArea          float64 `json:"roc_auc"`
	// Threshold is the probability from which on the label is given. Precision, Recall and
	// F1 are at it, and 0 where they would be a division by zero, as scikit-learn's.
	Threshold float64 `json:"threshold"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Support   int     `json:"support"` // images that have it
	Given     int     `json:"given"`   // images that it is given to
}

// MultiLabel says how well labels are told, of which an image may have any number.
type MultiLabel struct {
	N      int          `json:"n"` // images
	Labels []LabelScore `json:"labels"`
	// MeanAP is the mean of the average precisions of the labels that an image has.
	MeanAP float64 `json:"mean_average_precision"`
	// Macro is the mean of the labels, Micro counts the labels of all images together.
	Macro Score `json:"macro"`
	Micro Score `json:"micro"`
	// ExactMatch is the share of images whose labels are given, all and no others, with
	// Wilson's interval of 95 %.
	ExactMatch float64    `json:"exact_match"`
	Interval   [2]float64 `json:"interval"`
	// MajorityRate is the ExactMatch of always giving the labels that most images have.
	MajorityRate float64 `json:"majority_rate"`
}

// curves are those of each label, without points unless they are asked for.
func (a *LabelAnswers) curves(labels []string, points bool) []Curves {
	out := make([]Curves, len(labels))
	one := &Answers{Labels: make([]int, len(a.Present))}
	p, order := make([]float32, len(a.Present)), make([]int, len(a.Present))
	for k, label := range labels {
		for i, present := range a.Present {
			one.Labels[i], p[i] = 0, a.Probabilities[i][k]
			if _, ok := slices.BinarySearch(present, k); ok {
				one.Labels[i] = 1
			}
		}
		if slices.Contains(one.Labels, 1) {
			out[k] = one.curves(1, p, order, points)
		}
		out[k].Label = label
	}
	return out
}

// Curves are those of each label against the images without it.
func (a *LabelAnswers) Curves(labels []string) []Curves {
	return a.curves(labels, len(labels) <= DenseClasses)
}

// Curve is that of one label with its points; false where all images have it, or none.
func (a *LabelAnswers) Curve(label int) (Curves, bool) {
	one := &Answers{Labels: make([]int, len(a.Present))}
	p, of := make([]float32, len(a.Present)), 0
	for i, present := range a.Present {
		p[i] = a.Probabilities[i][label]
		if _, ok := slices.BinarySearch(present, label); ok {
			one.Labels[i] = 1
			of++
		}
	}
	if of == 0 || of == len(p) {
		return Curves{}, false
	}
	return one.curves(1, p, make([]int, len(p)), true), true
}

// MeanAP is the mean average precision over the labels that an image has, 0 where none has
// one.
func (a *LabelAnswers) MeanAP() float64 {
	if len(a.Probabilities) == 0 {
		return 0
	}
	support := a.support(len(a.Probabilities[0]))
	return meanAP(a.curves(make([]string, len(support)), false), support)
}

func meanAP(curves []Curves, support []int) float64 {
	sum, n := 0.0, 0
	for k, c := range curves {
		if support[k] > 0 {
			sum += c.AveragePrecision
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// support is how many images have each label.
func (a *LabelAnswers) support(labels int) []int {
	n := make([]int, labels)
	for _, present := range a.Present {
		for _, k := range present {
			n[k]++
		}
	}
	return n
}

// UsualThreshold is from which probability on a label is given where nobody chose another.
const UsualThreshold = 0.5

// Thresholds are those with the largest F1 of each label, half way between two images'
// probabilities; of equals the one nearest to [UsualThreshold], which is also that of
// labels that no image has, or all have.
func (a *LabelAnswers) Thresholds() []float64 {
	if len(a.Probabilities) == 0 {
		return nil
	}
	support := a.support(len(a.Probabilities[0]))
	out := make([]float64, len(support))
	for k, c := range a.curves(make([]string, len(out)), true) {
		out[k] = UsualThreshold
		if support[k] > 0 && support[k] < len(a.Present) {
			out[k] = bestF1(c.Points)
		}
	}
	return out
}

// bestF1 is the threshold of the best of points, which are from the largest threshold on.
func bestF1(points []Point) float64 {
	distance := func(t float64) float64 { return max(t-UsualThreshold, UsualThreshold-t) }
	best, threshold := -1.0, UsualThreshold
	for i, at := range points {
		next := 0.0
		if i+1 < len(points) {
			next = points[i+1].Threshold
		}
		f1 := 0.0
		if at.Precision+at.Recall > 0 {
			f1 = 2 * at.Precision * at.Recall / (at.Precision + at.Recall)
		}
		// All thresholds over next, up to the point's, give the same labels.
		t := (at.Threshold + next) / 2
		if next < UsualThreshold && UsualThreshold <= at.Threshold {
			t = UsualThreshold
		}
		if f1 > best+1e-12 || f1 > best-1e-12 && distance(t) < distance(threshold) {
			best, threshold = max(f1, best), t
		}
	}
	return threshold
}

// Measure scores the answers with a threshold for each label; nil means [UsualThreshold].
func (a *LabelAnswers) Measure(labels []string, thresholds []float64) *MultiLabel {
	m := &MultiLabel{N: len(a.Present), Macro: Score{Label: "macro avg"},
		Micro: Score{Label: "micro avg"}}
	support := a.support(len(labels))
	curves := a.curves(labels, false)
	right, given := make([]int, len(labels)), make([]int, len(labels))
	exact, sets := 0, map[string]int{}
	for i, present := range a.Present {
		same := true
		for k, p := range a.Probabilities[i] {
			_, has := slices.BinarySearch(present, k)
			gives := float64(p) >= thresholdOf(thresholds, k)
			if gives {
				given[k]++
			}
			if gives && has {
				right[k]++
			}
			same = same && gives == has
		}
		if same {
			exact++
		}
		sets[key(present)]++
	}
	all, allGiven, allRight, most := 0, 0, 0, 0
	for k, label := range labels {
		s := LabelScore{Label: label, AveragePrecision: curves[k].AveragePrecision,
			ROCArea: curves[k].ROCArea, Threshold: thresholdOf(thresholds, k),
			Precision: ratio(right[k], given[k]), Recall: ratio(right[k], support[k]),
			F1: ratio(2*right[k], given[k]+support[k]), Support: support[k], Given: given[k]}
		m.Labels = append(m.Labels, s)
		m.Macro.add(Score{Precision: s.Precision, Recall: s.Recall, F1: s.F1}, 1/float64(len(labels)))
		all, allGiven, allRight = all+support[k], allGiven+given[k], allRight+right[k]
	}
	for _, n := range sets {
		most = max(most, n)
	}
	m.settle(all, allGiven, allRight)
	m.MeanAP = meanAP(curves, support)
	m.ExactMatch, m.MajorityRate = ratio(exact, m.N), ratio(most, m.N)
	m.Interval[0], m.Interval[1] = Wilson(exact, m.N)
	return m
}

func thresholdOf(thresholds []float64, label int) float64 {
	if thresholds == nil {
		return UsualThreshold
	}
	return thresholds[label]
}

// key is the same for equal lists of labels.
func key(present []int) string {
	b := make([]byte, 0, 4*len(present))
	for _, k := range present {
		b = append(b, byte(k), byte(k>>8), byte(k>>16), byte(k>>24))
	}
	return string(b)
}

// Weakest are the n labels with the smallest average precision, in their order, and how
// many others there are.
func (m *MultiLabel) Weakest(n int) (labels []LabelScore, left int) {
	if len(m.Labels) <= n {
		return m.Labels, 0
	}
	order := make([]int, len(m.Labels))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(m.Labels[a].AveragePrecision, m.Labels[b].AveragePrecision)
	})
	order = order[:n]
	slices.Sort(order)
	for _, i := range order {
		labels = append(labels, m.Labels[i])
	}
	return labels, len(m.Labels) - n
}
