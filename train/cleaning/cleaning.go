// Package cleaning finds what should be left out of a set of labelled images before
// training: files that cannot be read, repeated pictures, and labels that are likely
// wrong. It shows them on a page and writes a list for people to edit, which
// data.ReadExclusion reads. It never imports gorgonia or onnxruntime: the network that
// labels are judged with comes as a [Body]. Start at [Check].
package cleaning

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/table"
)

// Options say what is looked at besides the files. The zero value is the default.
type Options struct {
	Split string // a run's split.csv; "" for none
	// Body judges the labels; nil: they are not judged.
	Body Body
	// Progress is called while Body works, with the number of images; may be nil.
	Progress func(done, total int)
}

// Report says what a set holds and what looks wrong with it.
type Report struct {
	data.Report
	// Labels is what a network says of the labels; nil where none was asked.
	Labels *Labels `json:"labels,omitempty"`

	set *data.Set
}

// ErrMulti is that of judging labels of which an image may have several.
var ErrMulti = errors.New("labels are judged where every image has one, and here images have " +
	"several or none")

// Check reads every image of a set that was scanned. With a Body it reads them twice.
func Check(ctx context.Context, set *data.Set, o Options) (*Report, error) {
	if set.Multi && o.Body != nil {
		return nil, ErrMulti
	}
	set, err := data.Fingerprints(ctx, set, o.Split)
	if err != nil {
		return nil, err
	}
	r := &Report{Report: set.Report(), set: set}
	if o.Body != nil {
		r.Labels, err = judge(ctx, set, o.Body, o.Progress)
	}
	return r, err
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	if err := r.Report.WriteText(w); err != nil || r.Labels == nil {
		return err
	}
	l := r.Labels
	for _, class := range l.NotJudged {
		fmt.Fprintf(w, "not judged: %s: its images are one picture, so nothing else shows the class\n",
			class)
	}
	for _, d := range l.Doubtful {
		fmt.Fprintf(w, "doubtful label: %s: %s %.1f %%, more likely %s %.1f %%\n",
			table.Printable(d.Path), d.Label, 100*d.Probability, d.Likely, 100*d.LikelyProbability)
	}
	_, err := fmt.Fprintf(w, "%d doubtful labels of %d, the most doubtful first; %.1f %% of the labels "+
		"are as answered by heads on %s that had not seen them\n",
		len(l.Doubtful), l.Images, 100*l.Agreement, l.Network)
	if err == nil && l.Weak() {
		_, err = fmt.Fprintf(w, "warning: %s knows too little of these classes to judge labels: below "+
			"%.0f %% most doubts are its own mistakes, and a list of what to leave out has none of them\n",
			l.Network, 100*Trusted)
	}
	return err
}
