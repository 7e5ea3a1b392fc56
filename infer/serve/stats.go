package serve

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// statistics are what a version has done, in the terms of Triton's extension.
type statistics struct {
	mu sync.Mutex
	counts
}

// counts are the numbers of statistics.
type counts struct {
	last       time.Time // when a run ended
	pictures   int64     // answered
	executions int64     // runs
	success    span      // requests
	fail       span
	failures   [len(failureReasons)]int64
	queue      span // pictures
	decoding   span // requests
	infer      span // runs
	batches    map[int]span
}

// span is how often something happened, and how long it took in all.
type span struct {
	count int64
	took  time.Duration
}

func (s *span) add(n int, took time.Duration) {
	s.count += int64(n)
	s.took += took
}

// ran counts a run.
func (s *statistics) ran(r run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.add(r.pictures, r.queued)
	if r.failed {
		return
	}
	s.last = time.Now()
	s.pictures += int64(r.pictures)
	s.executions++
	s.infer.add(1, r.took)
	if s.batches == nil {
		s.batches = map[int]span{}
	}
	b := s.batches[r.pictures]
	b.add(1, r.took)
	s.batches[r.pictures] = b
}

// decoded counts a request whose pictures were decoded.
func (s *statistics) decoded(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decoding.add(1, took)
}

// answered counts a request that was admitted.
func (s *statistics) answered(took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.fail.add(1, took)
		s.failures[reasonOf(err)]++
		return
	}
	s.success.add(1, took)
}

// snapshot is the statistics at one time, and the sizes of runs in order.
func (s *statistics) snapshot() (copied counts, sizes []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied = s.counts
	copied.batches = maps.Clone(s.batches)
	return copied, slices.Sorted(maps.Keys(s.batches))
}
