package evaluate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// LabelResult is how well an engine tells labels, of which a picture may have any number.
// Its JSON is what `flowerctl eval --json` prints of such a model.
type LabelResult struct {
	Model string `json:"model"`
	*metrics.MultiLabel
	Unreadable []string `json:"unreadable"` // pictures without an answer

	// Answers are all probabilities, where Options.Keep asked for them.
	Answers *metrics.LabelAnswers `json:"-"`
}

// RunLabels answers for all pictures and measures each label at its threshold, of
// Options.Thresholds. Those that cannot be read are left out, as in [Run]. Options.Worst has
// no effect.
func RunLabels(ctx context.Context, e infer.Engine, pictures []Picture, o Options) (
	*LabelResult, error) {

	r := &LabelResult{Model: o.Model, Unreadable: append([]string{}, o.Unreadable...)}
	answers := new(metrics.LabelAnswers)
	unreadable := func(path string) { r.Unreadable = append(r.Unreadable, path) }
	err := each(ctx, e, pictures, o, unreadable, func(p Picture, answer *infer.Answer) {
		answers.Present = append(answers.Present, p.Labels)
		answers.Probabilities = append(answers.Probabilities, answer.Probabilities)
	})
	if err != nil {
		return nil, err
	}
	if len(answers.Present) == 0 {
		return nil, ErrNoAnswer
	}
	r.MultiLabel = answers.Measure(o.Labels, o.Thresholds)
	if o.Keep {
		r.Answers = answers
	}
	return r, nil
}

// WriteText writes the result for people.
func (r *LabelResult) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "mean average precision %.2f %% on %s\n", 100*r.MeanAP, table.Count(r.N, "image"))
	fmt.Fprintf(&b, "all labels right, and no others given, for %.2f %% (95 %% interval %.2f to %.2f %%); "+
		"always the same labels: %.2f %%\n\n", 100*r.ExactMatch, 100*r.Interval[0], 100*r.Interval[1],
		100*r.MajorityRate)
	labels, left := r.Weakest(mostShown)
	t := table.New("label", "average precision", "threshold", "precision", "recall", "f1", "images",
		"given")
	t.Right = true
	share := func(v float64) string { return fmt.Sprintf("%.3f", v) }
	for _, s := range labels {
		t.Add(s.Label, share(s.AveragePrecision), share(s.Threshold), share(s.Precision), share(s.Recall),
			share(s.F1), s.Support, s.Given)
	}
	t.Add(r.Macro.Label, share(r.MeanAP), "", share(r.Macro.Precision), share(r.Macro.Recall),
		share(r.Macro.F1), r.Macro.Support, "")
	t.Add(r.Micro.Label, "", "", share(r.Micro.Precision), share(r.Micro.Recall), share(r.Micro.F1),
		r.Micro.Support, "")
	err := t.WriteText(&b)
	if left > 0 {
		fmt.Fprintf(&b, "(the labels with the smallest average precision; %s left out)\n",
			table.Count(left, "other"))
	}
	_, then := w.Write(b.Bytes())
	return errors.Join(err, then)
}

// Left is how many pictures have no answer, of how many.
func (r *LabelResult) Left() (none, all int) { return len(r.Unreadable), len(r.Unreadable) + r.N }
