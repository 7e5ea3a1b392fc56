package predict

import (
	"cmp"
	"context"
	"errors"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/shard"
)

// The metrics' namespace, and their names.
const (
	Namespace   = "flowerctl"
	Pictures    = "pictures"     // a counter: with an answer or without
	DeadLetters = "dead_letters" // a counter: without
	ModelMs     = "model_ms"     // a distribution: of a run of the network, on a batch
)

var (
	pictureCounter = beam.NewCounter(Namespace, Pictures)
	deadCounter    = beam.NewCounter(Namespace, DeadLetters)
	modelTimes     = beam.NewDistribution(Namespace, ModelMs)
)

// answerFn answers for batches of pictures. Its outputs are, by shard, the lines of the
// answers and of the dead letters with the pictures' numbers.
//
// The pictures of a bundle are one stream, so that a batch is decoded while the one before
// runs: a batch is emitted some batches later, or when the bundle finishes.
type answerFn struct {
	Model        Model
	Writer       answers.Writer
	Batch        int
	AllowChanged bool

	classifier *classifier
	line       func(shard.Answered) (shard.Line, error)
	stream     *stream // of the bundle
}

// Setup opens the model, or takes the one that the process has opened.
func (f *answerFn) Setup() (err error) {
	f.line = shard.Lines(shard.Answers(f.Writer))
	f.classifier, err = open(f.Model)
	return noted(err)
}

// Teardown gives the model back.
func (f *answerFn) Teardown() error {
	f.stream.end()
	if f.classifier == nil { // it could not be opened
		return nil
	}
	return f.classifier.release()
}

// StartBundle begins a stream.
func (f *answerFn) StartBundle(ctx context.Context, _, _ func(int64, []byte)) {
	f.stream.end() // of a bundle that failed elsewhere
	f.stream = f.begin(ctx)
}

// ProcessElement puts a batch into the stream, and emits what has come out of it.
func (f *answerFn) ProcessElement(ctx context.Context, index int64, batch [][]byte,
	answers, dead func(int64, []byte)) (err error) {
	defer func() { err = f.finished(err) }()
	for _, element := range batch {
		var in picture
		if in.number, in.line, err = unnumbered(element); err != nil {
			return err
		}
		in.shard = index
		for waits := true; waits; {
			select {
			case f.stream.in <- in:
				waits = false
			case out, ok := <-f.stream.out:
				if !ok {
					return cmp.Or(f.stream.err, errEnded)
				}
				if err := f.emit(ctx, out, answers, dead); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// errEnded is of a stream that ended before its last picture, and says no reason.
var errEnded = errors.New("answering ended early")

// FinishBundle emits the rest.
func (f *answerFn) FinishBundle(ctx context.Context, answers, dead func(int64, []byte)) (
	err error) {
	defer func() { err = f.finished(err) }()
	close(f.stream.in)
	for out := range f.stream.out {
		if err := f.emit(ctx, out, answers, dead); err != nil {
			return err
		}
	}
	for _, ms := range f.stream.times() {
		modelTimes.Update(ctx, ms)
	}
	return f.stream.err
}

// finished ends the stream after an error.
func (f *answerFn) finished(err error) error {
	if err != nil {
		f.stream.end()
	}
	return noted(err)
}

func (f *answerFn) emit(ctx context.Context, a answered, answers, dead func(int64, []byte)) error {
	line, err := f.line(a.Answered)
	if err != nil {
		return err
	}
	pictureCounter.Inc(ctx, 1)
	answers(a.shard, numbered(a.number, line.Answer))
	if line.Dead != nil {
		deadCounter.Inc(ctx, 1)
		dead(a.shard, numbered(a.number, line.Dead))
	}
	return nil
}
