package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// Evaluation is a network's answers for the images of a source.
type Evaluation struct {
	Loss    float64 // mean over the images
	Correct []int   // right answers, by head
	// Predictions are the main head's answers, in the order of the source.
	Predictions []Prediction
}

// Prediction is the answer for one image.
type Prediction struct {
	Index         int // of the image in its data set
	Class         int // the true one
	Probabilities []float32
	// Labels are the true ones, in order, of an image that may have several; nil elsewhere.
	Labels []int
}

// Predicted is the class of the largest probability, the first of equals.
func (p Prediction) Predicted() int { return numbers.ArgMax(p.Probabilities) }

// Confusion counts the answers.
func (e *Evaluation) Confusion(labels []string) *metrics.Confusion {
	c := metrics.NewConfusion(labels)
	for _, p := range e.Predictions {
		c.Add(p.Class, p.Predicted())
	}
	return c
}

// Answers are the probabilities with the true classes.
func (e *Evaluation) Answers() *metrics.Answers {
	a := new(metrics.Answers)
	for _, p := range e.Predictions {
		a.Labels = append(a.Labels, p.Class)
		a.Probabilities = append(a.Probabilities, p.Probabilities)
	}
	return a
}

// LabelAnswers are the probabilities with the true labels, of images that may have several.
func (e *Evaluation) LabelAnswers() *metrics.LabelAnswers {
	a := new(metrics.LabelAnswers)
	for _, p := range e.Predictions {
		a.Present, a.Probabilities = append(a.Present, p.Labels), append(a.Probabilities, p.Probabilities)
	}
	return a
}

// Evaluate answers every image of the source. after may be nil; it is called after
// each batch with the mean loss and the main head's accuracy so far, and the number
// of images of the batch.
func Evaluate(ctx context.Context, s Stepper, source Source,
	after func(loss, accuracy float64, images int)) (Evaluation, error) {

	var e Evaluation
	var sums sums
	for b, err := range source.Batches(ctx, 0) {
		if err != nil {
			return e, err
		}
		if err := ctx.Err(); err != nil {
			return e, err
		}
		r, err := s.Evaluate(ctx, b)
		if err != nil {
			return e, err
		}
		if !numbers.Finite(r.Loss) {
			return e, &NotFiniteError{Err: fmt.Errorf("loss of the evaluation is %g: use a lower "+
				"learning rate, or clip the gradients", r.Loss), Batch: b.Clone(), During: Validating}
		}
		sums.add(r)
		probabilities := slices.Clone(r.Probabilities)
		for i := range b.N {
			p := Prediction{
				Index: b.Indices[i], Class: b.Labels[i],
				Probabilities: probabilities[i*b.Classes : (i+1)*b.Classes : (i+1)*b.Classes],
			}
			if b.Present != nil {
				p.Labels = []int{}
				for k, has := range b.Present[i*b.Classes : (i+1)*b.Classes] {
					if has {
						p.Labels = append(p.Labels, k)
					}
				}
			}
			e.Predictions = append(e.Predictions, p)
		}
		if after != nil {
			after(sums.loss(), sums.accuracy(), b.N)
		}
	}
	if len(e.Predictions) == 0 {
		return e, errors.New("no images to evaluate")
	}
	e.Loss, e.Correct = sums.loss(), sums.Correct
	return e, nil
}

// sums are totals over the images of an epoch.
type sums struct {
	N       int     `json:"n"`
	Loss    float64 `json:"loss"`
	Correct []int   `json:"correct"` // by head
}

func (s *sums) add(r Result) {
	s.N += r.N
	s.Loss += r.Loss * float64(r.N)
	if s.Correct == nil {
		s.Correct = make([]int, len(r.Correct))
	}
	for head, n := range r.Correct {
		s.Correct[head] += n
	}
}

func (s *sums) loss() float64 { return s.Loss / float64(max(s.N, 1)) }

// accuracies are the shares of right answers, by head.
func (s *sums) accuracies() []float64 {
	out := make([]float64, len(s.Correct))
	for head, n := range s.Correct {
		out[head] = float64(n) / float64(max(s.N, 1))
	}
	return out
}

func (s *sums) accuracy() float64 {
	if len(s.Correct) == 0 {
		return 0
	}
	return s.accuracies()[0]
}
