// Package evaluate counts how often an engine is right on labelled pictures: the
// accuracy with its interval, a report by class, the confusion matrix, and the most
// confident mistakes. Of training it imports train/metrics and
// train/table only. Start at [Run].
package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/table"
)

// Picture is a labelled picture.
type Picture struct {
	File  string // to read
	Path  string // what the result calls it
	Class int    // index into the engine's labels
	Data  []byte // the bytes of the image, in place of File; nil: it is read
	// Reader has the bytes in place of File where Data does not; see infer.Picture.
	Reader io.Reader
	From   infer.Opener // in place of Reader
	// Labels are indices into the engine's labels, in order, for RunLabels.
	Labels []int
}

// Options say what is evaluated and how.
type Options struct {
	Model  string   // what the result calls the engine
	Labels []string // the engine's classes, by index
	Batch  int      // pictures a run of the network; 0 means infer.DefaultBatch
	Worst  int      // how many mistakes to list
	// Thresholds are from which probability on each label is given, for RunLabels; nil: 0.5.
	Thresholds []float64
	// Unreadable are paths of pictures that are known not to be readable. The result
	// lists them before others.
	Unreadable []string
	Observer   Observer // nil: nobody
	Keep       bool     // the answers, in Result.Answers
}

// Observer hears how an evaluation goes.
type Observer interface {
	// Answered is called after each picture.
	Answered()
	// LeftOut is called for a picture without an answer. The error names the file.
	LeftOut(why error)
}

// Result is how often an engine was right. Its JSON is what `flowerctl eval --json`
// prints.
type Result struct {
	Model      string          `json:"model"`
	Labels     []string        `json:"labels"`
	N          int             `json:"n"` // pictures with an answer
	Accuracy   float64         `json:"accuracy"`
	Interval   [2]float64      `json:"interval"` // Wilson's, 95 %
	PerClass   []metrics.Score `json:"per_class"`
	Macro      metrics.Score   `json:"macro"`
	Weighted   metrics.Score   `json:"weighted"`
	Confusion  [][]int         `json:"confusion"`  // true class on the rows; null of many classes
	Worst      []Mistake       `json:"worst"`      // the most confident first
	Unreadable []string        `json:"unreadable"` // pictures without an answer
	// Cells are the answers that Confusion would count, where there are more than
	// [metrics.DenseClasses] classes: by true and predicted class, without zeros.
	Cells []metrics.Cell `json:"confusion_cells,omitempty"`

	// Answers are all probabilities, where Options.Keep asked for them.
	Answers *metrics.Answers `json:"-"`

	mistaken []metrics.Cell // wrong answers, the most frequent first
}

// Left is how many pictures have no answer, of how many.
func (r *Result) Left() (none, all int) { return len(r.Unreadable), len(r.Unreadable) + r.N }

// Mistake is a wrong answer.
type Mistake struct {
	File        string  `json:"file"`
	Class       string  `json:"class"`
	Predicted   string  `json:"predicted"`
	Probability float32 `json:"probability"` // of what was predicted
}

// ErrNoAnswer says that no picture has an answer.
var ErrNoAnswer = errors.New("no answer for any of the images")

// Run answers for all pictures and counts. Those that cannot be read, or whose answer
// is not a number, are left out.
func Run(ctx context.Context, e infer.Engine, pictures []Picture, o Options) (*Result, error) {
	c := NewCounter(o)
	c.r.Answers = new(metrics.Answers)
	err := each(ctx, e, pictures, o, c.Unreadable, func(p Picture, answer *infer.Answer) {
		best := answer.Best()
		if o.Keep {
			c.r.Answers.Labels = append(c.r.Answers.Labels, p.Class)
			c.r.Answers.Probabilities = append(c.r.Answers.Probabilities, answer.Probabilities)
		}
		c.Add(p, best, answer.Probabilities[best])
	})
	if err != nil {
		return nil, err
	}
	return c.Result()
}

// each answers for all pictures: those with an answer go to answered, the paths of those
// without to unreadable.
func each(ctx context.Context, e infer.Engine, pictures []Picture, o Options,
	unreadable func(path string), answered func(Picture, *infer.Answer)) error {

	list := func(yield func(infer.Picture) bool) {
		for i, p := range pictures {
			if !yield(infer.Picture{Name: p.File, Data: p.Data, Reader: p.Reader, From: p.From,
				Tag: i}) {
				return
			}
		}
	}
	for result, err := range infer.Stream(ctx, e, list, cmp.Or(o.Batch, infer.DefaultBatch)) {
		if err != nil {
			return err
		}
		if o.Observer != nil {
			o.Observer.Answered()
		}
		p := pictures[result.Tag]
		if result.Err == nil {
			answered(p, &result.Answer)
			continue
		}
		unreadable(p.Path)
		if o.Observer != nil {
			o.Observer.LeftOut(result.Err)
		}
	}
	return nil
}

// Counter counts answers that come from anywhere, in the order of the pictures. Of the
// mistakes it keeps the most confident.
type Counter struct {
	o         Options
	r         *Result
	confusion *metrics.Confusion
}

// NewCounter is a counter without an answer. Batch and Observer of the options have no
// effect.
func NewCounter(o Options) *Counter {
	return &Counter{o, &Result{Model: o.Model, Labels: o.Labels, Worst: []Mistake{},
		Unreadable: append([]string{}, o.Unreadable...)}, metrics.NewConfusion(o.Labels)}
}

// Unreadable counts a picture without an answer.
func (c *Counter) Unreadable(path string) { c.r.Unreadable = append(c.r.Unreadable, path) }

// Add counts a picture with its most probable class.
func (c *Counter) Add(p Picture, best int, probability float32) {
	c.confusion.Add(p.Class, best)
	if best == p.Class {
		return
	}
	c.r.Worst = append(c.r.Worst, Mistake{File: p.Path, Class: c.o.Labels[p.Class],
		Predicted: c.o.Labels[best], Probability: probability})
	if len(c.r.Worst) > 2*c.o.Worst+1000 {
		c.r.cutWorst(c.o.Worst)
	}
}

// Result is what was counted.
func (c *Counter) Result() (*Result, error) {
	if c.confusion.N() == 0 {
		return nil, ErrNoAnswer
	}
	c.r.finish(c.confusion, c.o.Worst)
	return c.r, nil
}

// finish computes the figures, and leaves only the most confident mistakes.
func (r *Result) finish(c *metrics.Confusion, worst int) {
	r.N, r.Accuracy, r.Confusion = c.N(), c.Accuracy(), c.Counts()
	if r.mistaken = c.Mistakes(); r.Confusion == nil {
		r.Cells = c.Cells()
	}
	r.Interval[0], r.Interval[1] = c.Interval()
	report := c.Report()
	r.PerClass, r.Macro, r.Weighted = report.Classes, report.Macro, report.Weighted
	r.cutWorst(worst)
}

// cutWorst leaves the most confident mistakes, of equals the first.
func (r *Result) cutWorst(worst int) {
	slices.SortStableFunc(r.Worst, func(a, b Mistake) int {
		return cmp.Compare(b.Probability, a.Probability)
	})
	r.Worst = r.Worst[:min(worst, len(r.Worst))]
}

// Match finds the engine's class for each class of the pictures, by name, in whatever
// Unicode form the two are.
func Match(classes, labels []string) ([]int, error) {
	match := make([]int, len(classes))
	at := make(map[string]int, len(labels))
	twice := map[string]bool{} // lists of ImageNet's classes have such
	for i, label := range labels {
		label = norm.NFC.String(label)
		if _, ok := at[label]; ok {
			twice[label] = true
			continue
		}
		at[label] = i
	}
	for i, name := range classes {
		name = norm.NFC.String(name)
		class, ok := at[name]
		if !ok {
			return nil, fmt.Errorf("class folder %q is no class of the model, which has %s",
				name, table.Some(labels))
		}
		match[i] = class
		if twice[name] {
			return nil, fmt.Errorf("class folder %q is more than one class of the model, which has %s",
				name, table.Some(labels))
		}
	}
	return match, nil
}
