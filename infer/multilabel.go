package infer

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/train/metrics"
)

// MultiLabel says whether a picture has any number of the labels: the graph ends in a
// sigmoid, which gives each a probability of its own, as flowerctl export writes it of a
// training on such pictures, and other tools do.
func (c *Classifier) MultiLabel() bool { return c.thresholds != nil }

// Thresholds are the probabilities from which on each label is given, as the file says;
// 0.5 where it does not. They are nil unless MultiLabel is true.
func (c *Classifier) Thresholds() []float64 { return slices.Clone(c.thresholds) }

// readThresholds reads what a file of flowerctl export says of its labels' thresholds: nil
// where it says nothing.
func readThresholds(properties map[string]string, labels int) (thresholds []float64, err error) {
	text, ok := properties[keyThresholds]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &thresholds); err != nil {
		return nil, fmt.Errorf("metadata thresholds: %w", err)
	}
	if len(thresholds) != labels {
		return nil, fmt.Errorf("metadata thresholds: %d for %d labels", len(thresholds), labels)
	}
	for i, t := range thresholds {
		if !(t >= 0 && t <= 1) {
			return nil, fmt.Errorf("metadata thresholds: %g for label %d, want 0 to 1", t, i)
		}
	}
	return thresholds, nil
}

// settleLabels decides whether an opened model gives several labels: its own file says so,
// or the graph of another ends in a sigmoid for more than one class.
func (c *Classifier) settleLabels(own bool, properties map[string]string) error {
	said := properties[keyMultiLabel] == "true"
	if !own && (c.sigmoid && !c.binary()) {
		said = true
		c.notes = append(c.notes, fmt.Sprintf("output %s ends in a sigmoid: several labels a picture, each "+
			"given from a probability of %g on", c.named, metrics.UsualThreshold))
	}
	if !said {
		return nil
	}
	if own {
		var err error
		if c.thresholds, err = readThresholds(properties, len(c.labels)); err != nil {
			return err
		}
	}
	if c.thresholds == nil {
		c.thresholds = make([]float64, len(c.labels))
		for i := range c.thresholds {
			c.thresholds[i] = metrics.UsualThreshold
		}
	}
	return nil
}

// NewLabelAnswers are answers of several labels a picture, as [NewAnswers] makes those of
// one class; thresholds are by label.
func NewLabelAnswers(labels []string, thresholds []float64, probabilities []float32) []Answer {
	answers := NewAnswers(labels, probabilities)
	for i := range answers {
		answers[i].thresholds = thresholds
	}
	return answers
}

// MultiLabel says whether the picture has any number of labels.
func (a Answer) MultiLabel() bool { return a.thresholds != nil }

// Given says whether a label is given: its probability is at least its threshold, or
// least where that is over 0.
func (a Answer) Given(label int, least float64) bool {
	if least <= 0 {
		least = a.thresholds[label]
	}
	return float64(a.Probabilities[label]) >= least
}

// Present are the labels that are given, the most probable first; see Given for least.
// There may be none.
func (a Answer) Present(least float64) []Class {
	present := []Class{}
	for _, k := range a.order() {
		if a.Given(k, least) {
			present = append(present, Class{Label: a.labels[k], Probability: a.Probabilities[k]})
		}
	}
	return present
}

// Label is one of the labels of an answer of several.
type Label struct {
	Class
	Threshold float64 `json:"threshold"` // from which probability on it is given
	Given     bool    `json:"given"`
}

// Labels are all labels, by index; see Given for least.
func (a Answer) Labels(least float64) []Label {
	all := make([]Label, len(a.labels))
	for k, name := range a.labels {
		t := least
		if t <= 0 {
			t = a.thresholds[k]
		}
		all[k] = Label{Class{name, a.Probabilities[k]}, t, a.Given(k, least)}
	}
	return all
}
