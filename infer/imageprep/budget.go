package imageprep

import (
	"runtime"
	"sync"
)

// budget shares a limited number of bytes among goroutines. The zero value has
// all of them left. The limit is the same in every call.
type budget struct {
	next sync.Mutex // held by the goroutine that is the next to get bytes
	mu   sync.Mutex
	back sync.Cond // signals that bytes were given back
	used int64
	// garbage is how many of the bytes that were given back may not have been
	// collected yet.
	garbage int64
}

// acquire waits until n bytes, at most limit, are left, and takes them. The
// caller calls release when nothing refers to its memory any more.
//
// More than a quarter of the limit is used by one goroutine at a time. Before
// it gets them, or when the garbage of earlier goroutines may not fit beside the
// memory in use, acquire collects that garbage. Otherwise the heap would grow to
// twice the memory in use before the next collection.
func (b *budget) acquire(n, limit int64) (release func()) {
	taken := n
	if n > limit/4 {
		taken = limit
	}
	b.next.Lock()
	defer b.next.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.back.L = &b.mu
	for limit-b.used < taken {
		b.back.Wait()
	}
	b.used += taken
	if b.garbage > limit-b.used {
		runtime.GC()
		b.garbage = 0
	}
	return func() {
		b.mu.Lock()
		b.used -= taken
		b.garbage += n
		b.mu.Unlock()
		b.back.Signal()
	}
}
