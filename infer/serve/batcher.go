package serve

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// batcher puts the pictures of many requests into runs of the network. A worker that
// is free takes all that waits, up to a run's size, one picture of each request in
// turn, so that a request of many pictures does not hold up those of one.
//
// Workers are goroutines that end when nothing waits: a batcher need not be closed.
type batcher struct {
	classify infer.Classify
	lone     infer.Classify // for runs beside which there is nothing to do
	runs     int            // that may overlap
	size     int            // pictures of a run
	limit    int            // pictures that are admitted and not answered
	patience time.Duration  // how long a worker waits for a run to be full
	observe  func(run)      // is told of each run; may be nil

	mu       sync.Mutex
	changed  sync.Cond // something waits, or has stopped to
	admitted int       // pictures
	working  int       // workers
	requests []*pending
	took     []time.Duration // what a run of so many pictures is expected to take; 0: not known
}

// run is what observers hear of a run of the network.
type run struct {
	pictures int
	queued   time.Duration // that all of its pictures waited, together
	took     time.Duration
	failed   bool
}

func newBatcher(classify infer.Classify, runs, size, limit int, patience time.Duration) *batcher {
	b := &batcher{classify: classify, lone: classify, runs: runs, size: size, limit: limit,
		patience: patience, took: make([]time.Duration, size+1)}
	b.changed.L = &b.mu
	return b
}

// pending is a request that waits, or some of whose pictures do.
type pending struct {
	ctx    context.Context
	images []imageprep.Image
	taken  int // images that a run has taken
	left   int // images without an answer
	since  time.Time
	out    []outcome
	err    error         // why none of its images will be in a run any more
	done   chan struct{} // closed when left is 0, or err is set
}

// outcome is the answer for a picture, or why there is none.
type outcome struct {
	answer infer.Answer
	err    error
}

// waiting is how many pictures are admitted and not answered.
func (b *batcher) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.admitted
}

// queued is how many requests have pictures that no run has taken.
func (b *batcher) queued() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.requests)
}

// answer answers for images, in order. When ctx ends, those that no run has taken
// leave the queue, and the error is the context's.
func (b *batcher) answer(ctx context.Context, images []imageprep.Image) ([]outcome, error) {
	if err := ctx.Err(); err != nil || len(images) == 0 {
		return nil, err
	}
	p := &pending{ctx: ctx, images: images, left: len(images), since: time.Now(),
		out: make([]outcome, len(images)), done: make(chan struct{})}
	b.mu.Lock()
	b.requests = append(b.requests, p)
	// As many workers as there are runs to fill.
	for n := len(images); n > 0 && b.working < b.runs; n -= b.size {
		b.working++
		go b.work()
	}
	b.mu.Unlock()
	b.changed.Broadcast()
	select {
	case <-p.done:
		if p.err != nil {
			return nil, p.err
		}
		return p.out, nil
	case <-ctx.Done():
		b.leave(p)
		return nil, context.Cause(ctx)
	}
}

// leave takes a request out of the queue.
func (b *batcher) leave(p *pending) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(p)
	b.changed.Broadcast()
}

// drop is leave with the lock held.
func (b *batcher) drop(p *pending) {
	b.requests = slices.DeleteFunc(b.requests, func(q *pending) bool { return q == p })
}

// place is one image of a request.
type place struct {
	*pending
	index int
}

// work runs the network until nothing waits.
func (b *batcher) work() {
	for {
		b.mu.Lock()
		b.gather()
		places := b.take()
		if len(places) == 0 {
			b.working--
			b.mu.Unlock()
			return
		}
		classify := b.classify
		if b.working == 1 && b.admitted <= len(places) { // nobody waits, and nothing is decoded
			classify = b.lone
		}
		b.mu.Unlock()
		b.finish(places, b.run(classify, places))
	}
}

// gather waits until a run's worth of pictures waits, the oldest of them has waited
// for as long as patience says, or nothing waits any more. The lock is held, but
// not while it waits.
func (b *batcher) gather() {
	if b.patience <= 0 {
		return
	}
	for {
		waiting, oldest := b.count()
		rest := b.patience - time.Since(oldest)
		if waiting == 0 || waiting >= b.size || rest <= 0 {
			return
		}
		timer := time.AfterFunc(rest, b.changed.Broadcast)
		b.changed.Wait()
		timer.Stop()
	}
}

// count is how many pictures wait, and since when.
func (b *batcher) count() (waiting int, oldest time.Time) {
	for _, p := range b.requests {
		waiting += len(p.images) - p.taken
		if oldest.IsZero() || p.since.Before(oldest) {
			oldest = p.since
		}
	}
	return waiting, oldest
}

// take takes a run's worth of pictures, and none of requests that will have ended before
// the run has: those are answered at once, and others take their places.
func (b *batcher) take() (places []place) {
	for {
		places = b.fill(places)
		n := len(places)
		places = slices.DeleteFunc(places, func(p place) bool { return b.refuse(p.pending, n) })
		if len(places) == n {
			return places
		}
	}
}

// fill adds pictures that wait up to a run's worth, one of each request in turn, and none
// of requests that have ended. A request of which pictures are left goes to the end.
func (b *batcher) fill(places []place) []place {
	for len(b.requests) > 0 && len(places) < b.size {
		p := b.requests[0]
		b.requests[0] = nil
		b.requests = b.requests[1:]
		if p.ctx.Err() != nil {
			continue
		}
		places = append(places, place{p, p.taken})
		if p.taken++; p.taken < len(p.images) {
			b.requests = append(b.requests, p)
		}
	}
	return places
}

// run answers for the pictures of one run. If it fails, each picture gets a run of
// its own, so that one that the network cannot take fails alone.
func (b *batcher) run(classify infer.Classify, places []place) []outcome {
	images := make([]imageprep.Image, len(places))
	var queued time.Duration
	start := time.Now()
	for i, p := range places {
		images[i] = p.images[p.index]
		queued += start.Sub(p.since)
	}
	out := make([]outcome, len(places))
	// The requests of a run are several, and none may end the others'.
	answers, err := classify(context.Background(), images)
	if err == nil {
		b.learn(len(places), time.Since(start))
	}
	b.tell(run{pictures: len(places), queued: queued, took: time.Since(start), failed: err != nil})
	switch {
	case err == nil:
		for i, a := range answers {
			out[i] = outcome{answer: a, err: noAnswer(a)}
		}
	case len(places) == 1:
		out[0].err = err
	default:
		for i, p := range places {
			if out[i].err = p.ctx.Err(); out[i].err == nil {
				out[i] = b.run(classify, places[i:i+1])[0]
			}
		}
	}
	return out
}

// noAnswer is the error of an answer that is no number.
func noAnswer(a infer.Answer) error {
	if err := a.Err(); err != nil {
		return errorf(statusUnprocessable, "%v", err)
	}
	return nil
}

func (b *batcher) tell(r run) {
	if b.observe != nil {
		b.observe(r)
	}
}

// finish hands the outcomes to the requests.
func (b *batcher) finish(places []place, out []outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, p := range places {
		p.out[p.index] = out[i]
		if p.left--; p.left == 0 && p.err == nil {
			close(p.done)
		}
	}
}
