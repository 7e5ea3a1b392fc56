package predict

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/shard"
)

// picture is a picture of the manifest: where it belongs, and its line.
type picture struct {
	shard, number int64
	line          []byte
}

// answered is a picture with its result.
type answered struct {
	picture
	shard.Answered
}

// stream answers for the pictures that are sent to it, in their order.
type stream struct {
	in     chan picture  // closed after the last
	out    chan answered // closed at the end
	err    error         // set before that
	cancel context.CancelFunc

	mu sync.Mutex
	ms []int64 // that runs of the network took
}

// begin starts a stream, which reads a few pictures ahead of its answers.
func (f *answerFn) begin(ctx context.Context) *stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{in: make(chan picture), out: make(chan answered), cancel: cancel}
	engine := f.classifier.engine(s.took)
	ask := func(ctx context.Context, p iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		return infer.Stream(ctx, engine, p, f.Batch)
	}
	go func() {
		defer close(s.out)
		// Without a result yet, in order: more than a stream reads ahead, as in package shard.
		waiting := make(chan picture, 4096)
		for a, err := range shard.Stream(ctx, s.entries(ctx, waiting), ask, f.AllowChanged) {
			if err != nil {
				s.err = err
				return
			}
			select {
			case s.out <- answered{<-waiting, a}:
			case <-ctx.Done():
				s.err = context.Cause(ctx)
				return
			}
		}
	}()
	return s
}

// entries are those of the pictures that are sent, which go on to waiting.
func (s *stream) entries(ctx context.Context, waiting chan<- picture) (
	entries iter.Seq2[shard.Entry, error]) {
	return func(yield func(shard.Entry, error) bool) {
		for {
			select {
			case p, ok := <-s.in:
				if !ok {
					return
				}
				e, err := shard.DecodeEntry(p.line)
				select {
				case waiting <- p:
				case <-ctx.Done():
					return
				}
				if !yield(e, err) || err != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// end gives up a stream; nil is none.
func (s *stream) end() {
	if s != nil {
		s.cancel()
	}
}

// took measures a run of the network.
func (s *stream) took(run func()) {
	start := time.Now()
	run()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ms = append(s.ms, time.Since(start).Milliseconds())
}

// times are those of the runs up to now.
func (s *stream) times() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ms)
}
