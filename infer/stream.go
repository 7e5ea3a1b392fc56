package infer

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"runtime"
	"time"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// DefaultBatch is how many pictures a run of the network takes where nothing else is
// asked for: enough that starting a run costs nothing, few enough that the first
// answers come soon.
const DefaultBatch = 8

// Result is the answer for a picture, or why there is none.
type Result struct {
	Picture
	Image  imageprep.Image // as the network saw it
	Answer Answer
	Err    error
}

// Classify answers for images, in order: Classifier.Classify, or another engine.
type Classify func(ctx context.Context, images []imageprep.Image) ([]Answer, error)

// Engine is what answers: a Classifier, or another network that takes such images.
type Engine struct {
	Prep     imageprep.Config
	Classify Classify
	Runs     int // that may overlap; 0 means 1

	// KeepData makes results have the Data of their picture, and in it what a Reader
	// gave: the file is needed again, to draw over it for example.
	KeepData bool

	// Decoders is how many pictures are read and decoded at a time; 0 means one a core. More
	// helps where pictures are waited for, as those of an object store are.
	Decoders int

	// Alone says that the process does nothing else while Stream runs. Stream then
	// doubles GOMAXPROCS for that time: decoders and runs are in C most of the time,
	// and a goroutine that returns from there waits until the scheduler has taken a P
	// from another that has not. With twice as many Ps as cores, and decoders, the
	// cores are seldom idle: the built-in model takes 0.9 of the time for a folder of
	// photographs on two cores.
	Alone bool
}

// Engine is the classifier in the form that Stream takes.
func (c *Classifier) Engine() Engine {
	return Engine{Prep: c.prep, Classify: c.Classify, Runs: c.runs}
}

// Stream is the package's Stream with this classifier.
func (c *Classifier) Stream(ctx context.Context, pictures iter.Seq[Picture], batch int) (
	results iter.Seq2[Result, error]) {
	return Stream(ctx, c.Engine(), pictures, batch)
}

// Stream answers for pictures in their order, as many in a run as batch says. They are
// decoded on all cores while the network runs. A picture that cannot be read, or whose
// answer has an Err, is a Result with an Err, and the stream continues; an error of
// the iterator ends it. Which pictures share a batch depends on their order only,
// unless they arrive or are decoded slowly: then those that are there are answered
// without waiting for more. No run is left when the iterator ends.
func Stream(ctx context.Context, e Engine, pictures iter.Seq[Picture], batch int) (
	results iter.Seq2[Result, error]) {
	return func(yield func(Result, error) bool) {
		if e.Alone {
			cores := runtime.GOMAXPROCS(0)
			runtime.GOMAXPROCS(2 * cores)
			defer runtime.GOMAXPROCS(cores)
		}
		ctx, cancel := context.WithCancel(ctx)
		order := e.answerAhead(ctx, e.decodeAhead(ctx, pictures, batch), batch)
		defer func() {
			cancel()
			for a := range order { // the caller may close the engine when this returns
				<-a.done
			}
		}()
		for a := range order {
			<-a.done
			if a.err != nil {
				yield(Result{}, a.err)
				return
			}
			for _, r := range a.results {
				if !yield(r, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Result{}, context.Cause(ctx))
		}
	}
}

// answering is a batch on its way through the network.
type answering struct {
	results []Result
	err     error
	done    chan struct{} // closed when results or err is set
}

// answerAhead runs the network on batches of the queue, as many at a time as the
// engine takes. The channel has them in order, before they are done; it is closed
// after the last, or when ctx ends.
func (e Engine) answerAhead(ctx context.Context, queue <-chan *decoding, batch int) (
	inOrder <-chan *answering) {
	runs := max(1, e.Runs)
	order := make(chan *answering, runs)
	free := make(chan struct{}, runs)
	b := &batches{queue: queue, size: batch}
	go func() {
		defer close(order)
		for more := true; more; {
			var waiting []*decoding
			if waiting, more = b.next(ctx); len(waiting) == 0 {
				continue
			}
			a := &answering{done: make(chan struct{})}
			free <- struct{}{} // a run ends when ctx does
			select {
			case order <- a:
			case <-ctx.Done():
				return
			}
			go func() {
				defer close(a.done)
				a.results, a.err = answerBatch(ctx, e.Classify, waiting)
				<-free
			}()
		}
	}()
	return order
}

// decoding is a picture on its way through the decoders.
type decoding struct {
	Picture
	image imageprep.Image
	err   error
	done  chan struct{} // closed when image or err is set
}

// decodeAhead decodes pictures on all cores, or more at a time, a few more than a batch ahead of
// the receiver. The channel has them in order, before they are done; it is
// closed after the last, or when ctx ends.
func (e Engine) decodeAhead(ctx context.Context, pictures iter.Seq[Picture], batch int) (
	inOrder <-chan *decoding) {
	workers := max(runtime.GOMAXPROCS(0), e.Decoders)
	order := make(chan *decoding, batch+workers)
	work := make(chan *decoding)
	decoder := new(imageprep.Decoder)
	for range workers {
		go func() {
			for d := range work {
				d.decode(decoder, e.Prep, e.KeepData)
			}
		}()
	}
	go func() {
		defer close(order)
		defer close(work)
		for p := range pictures {
			d := &decoding{Picture: p, done: make(chan struct{})}
			select {
			case order <- d:
			case <-ctx.Done():
				return
			}
			select {
			case work <- d:
			case <-ctx.Done():
				return
			}
		}
	}()
	return order
}

func (d *decoding) decode(decoder *imageprep.Decoder, prep imageprep.Config, keep bool) {
	defer close(d.done)
	switch stream := d.Reader != nil || d.From != nil; {
	case d.Err != nil:
		d.err = d.Err
	case stream && keep && d.Data == nil:
		d.err = decoder.View(d.Source(), func(data []byte, img imageprep.Image) error {
			d.Data, d.image = bytes.Clone(data), prep.Apply(img)
			return nil
		})
	default:
		d.image, d.err = decoder.Prepare(d.Source(), prep)
	}
	d.From = nil
	d.Reader = nil
	if !keep {
		d.Data = nil
	}
}

// How long an incomplete batch waits: for the next picture to arrive, and for one that
// has arrived to be decoded, which takes longer where the file is large. They are
// variables for tests.
var (
	patience         = 100 * time.Millisecond
	decodingPatience = time.Second
)

// batches cuts a queue into batches.
type batches struct {
	queue <-chan *decoding
	size  int
	first *decoding // taken from the queue for the batch before, which did not wait for it
}

// next takes pictures until size of them can be answered, the queue has ended, ctx has
// ended, none arrives or is decoded for a while, or many were unreadable.
func (b *batches) next(ctx context.Context) (waiting []*decoding, more bool) {
	var late <-chan time.Time // nil, and never ready, while there is nothing to answer
	for images := 0; images < b.size && len(waiting) < 8*b.size; {
		if b.first == nil {
			select {
			case d, ok := <-b.queue:
				if !ok {
					return waiting, false
				}
				b.first = d
			case <-late:
				return waiting, true
			case <-ctx.Done():
				return nil, false
			}
		}
		if len(waiting) > 0 {
			late = time.After(decodingPatience)
		}
		select {
		case <-b.first.done:
		case <-late:
			return waiting, true
		case <-ctx.Done():
			return nil, false
		}
		if waiting = append(waiting, b.first); b.first.err == nil {
			images++
		}
		b.first, late = nil, time.After(patience)
	}
	return waiting, true
}

// answerBatch runs the network once for all that could be decoded.
func answerBatch(ctx context.Context, classify Classify, waiting []*decoding) ([]Result, error) {
	var images []imageprep.Image
	for _, d := range waiting {
		if d.err == nil {
			images = append(images, d.image)
		}
	}
	var answers []Answer
	if len(images) > 0 {
		var err error
		if answers, err = classify(ctx, images); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(waiting))
	for i, d := range waiting {
		results[i] = Result{Picture: d.Picture, Image: d.image, Err: d.err}
		if d.err == nil {
			results[i].Answer, answers = answers[0], answers[1:]
			if err := results[i].Answer.Err(); err != nil {
				results[i].Err = fmt.Errorf("%s: %w", d.Name, err)
			}
		}
	}
	return results, nil
}
