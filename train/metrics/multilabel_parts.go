package metrics

import "math"

// TogetherLabels sums up parts of the same labels, each answered by a network of its own,
// with thresholds of its own. Counts are of all images, and so are precision, recall, F1,
// exact matches and their interval. Thresholds, MeanAP and MajorityRate are means of the parts;
// the average precision and ROC area of a label are those of the parts that have images of it:
// answers of several networks have no order among each other. nil for no parts.
func TogetherLabels(parts []*MultiLabel) *MultiLabel {
	if len(parts) == 0 {
		return nil
	}
	m := &MultiLabel{Macro: Score{Label: "macro avg"}, Micro: Score{Label: "micro avg"}}
	exact := 0
	for _, p := range parts {
		m.N += p.N
		exact += count(p.ExactMatch, p.N)
		m.MeanAP += p.MeanAP / float64(len(parts))
		m.MajorityRate += p.MajorityRate / float64(len(parts))
	}
	m.ExactMatch = ratio(exact, m.N)
	m.Interval[0], m.Interval[1] = Wilson(exact, m.N)
	all, allGiven, allRight := 0, 0, 0
	for k, first := range parts[0].Labels {
		s := LabelScore{Label: first.Label}
		right, with := 0, 0
		for _, p := range parts {
			one := p.Labels[k]
			s.Support, s.Given = s.Support+one.Support, s.Given+one.Given
			right += count(one.Recall, one.Support)
			s.Threshold += one.Threshold / float64(len(parts))
			if one.Support > 0 {
				with++
				s.AveragePrecision += one.AveragePrecision
				s.ROCArea += one.ROCArea
			}
		}
		s.AveragePrecision /= float64(max(with, 1))
		s.ROCArea /= float64(max(with, 1))
		s.Precision, s.Recall = ratio(right, s.Given), ratio(right, s.Support)
		s.F1 = ratio(2*right, s.Given+s.Support)
		m.Labels = append(m.Labels, s)
		m.Macro.add(Score{Precision: s.Precision, Recall: s.Recall, F1: s.F1},
			1/float64(len(parts[0].Labels)))
		all, allGiven, allRight = all+s.Support, allGiven+s.Given, allRight+right
	}
	m.settle(all, allGiven, allRight)
	return m
}

// settle fills in the scores of all labels together: of their images, of what was given,
// and of what of that is right.
func (m *MultiLabel) settle(all, given, right int) {
	m.Micro.Precision, m.Micro.Recall = ratio(right, given), ratio(right, all)
	m.Micro.F1 = ratio(2*right, given+all)
	m.Micro.Support, m.Macro.Support = all, all
}

// count is how many of n a share is.
func count(share float64, n int) int { return int(math.Round(share * float64(n))) }
