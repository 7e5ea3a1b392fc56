package train

import (
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// multiSummary is Summary of a run on images with several labels.
func (o *Outcome) multiSummary(labels []string) Summary {
	m := o.Validation.LabelAnswers().Measure(labels, o.Thresholds)
	s := Summary{
		BestEpoch: o.Best.Epoch, ValAccuracy: m.ExactMatch, ValInterval: m.Interval,
		ValLoss: o.Validation.Loss, TrainAccuracy: o.Best.Accuracy, Epochs: len(o.History),
		Seconds: o.Seconds, TrainImages: o.TrainSize, ValImages: m.N, MajorityRate: m.MajorityRate,
		LastValAccuracy: o.History[len(o.History)-1].ValAccuracy,
		Stopped:         o.Stopped, Dead: o.Dead, Unseen: o.Unseen, Rollbacks: o.Rollbacks,
		Precision:  o.Precision,
		MultiLabel: m, Report: metrics.Report{Accuracy: m.ExactMatch},
	}
	for _, e := range o.History {
		s.BestTrainAccuracy = max(s.BestTrainAccuracy, e.Accuracy)
	}
	for i, name := range o.Heads {
		s.Heads = append(s.Heads, HeadSummary{name, o.Best.ValHeads[i], o.Best.Heads[i]})
	}
	if o.Test != nil {
		t := o.Test.LabelAnswers().Measure(labels, o.Thresholds)
		s.TestImages, s.TestAccuracy, s.TestInterval = t.N, &t.ExactMatch, &t.Interval
		s.TestMultiLabel = t
	}
	return s
}

// writeMulti is WriteText of a run on images with several labels.
func (s *Summary) writeMulti(w io.Writer, dir string) error {
	line := func(part string, m *metrics.MultiLabel, end string) error {
		_, err := fmt.Fprintf(w, "%s: %s mean average precision %.1f %%, F1 %.1f %%, all labels right "+
			"for %.1f %% of %s (95 %% interval %.1f to %.1f, always the same labels %.1f %%)%s\n", dir,
			part, 100*m.MeanAP, 100*m.Micro.F1, 100*m.ExactMatch, table.Count(m.N, "image"),
			100*m.Interval[0],
			100*m.Interval[1], 100*m.MajorityRate, end)
		return err
	}
	err := line("validation", s.MultiLabel, fmt.Sprintf(", %s, %s", s.chosen(),
		table.Seconds(s.Seconds)))
	if err != nil || s.TestMultiLabel == nil {
		return err
	}
	return line("test", s.TestMultiLabel, "")
}
