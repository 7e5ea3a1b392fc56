package imageprep

import (
	"runtime/debug"
	"sync"
)

// budget keeps the images that are decoded at the same time within [MaxMemory]
// together, and what finished ones left behind with them. Photographs of usual
// size never wait.
var budget = newBudget(MaxMemory)

type memory struct {
	sync.Mutex
	freed   sync.Cond
	left    int64
	garbage int64 // left behind since the last collection, at most
}

func newBudget(bytes int64) *memory {
	m := &memory{left: bytes}
	m.freed.L = &m.Mutex
	return m
}

// acquire waits until n bytes, at most the whole, are left and takes them; the
// returned function gives them back, and must not be called before nothing holds
// them any more. Left alone, the collector would let the heap grow to twice of
// what lives, and the holes in it are seldom of the next image's size: so garbage
// that has no place beside the living goes back to the system, and until it has,
// nobody else gets memory.
func (m *memory) acquire(n int64) (release func()) {
	m.Lock()
	defer m.Unlock()
	for m.left < n {
		m.freed.Wait()
	}
	m.left -= n
	if m.garbage > m.left {
		debug.FreeOSMemory()
		m.garbage = 0
	}
	return func() {
		m.Lock()
		m.left += n
		m.garbage += n
		m.Unlock()
		m.freed.Broadcast()
	}
}

// settle gives back a big image's scratch before its RGB result is allocated.
func settle(h header) {
	const big = 64 << 20
	if h.peak-h.kept > big {
		debug.FreeOSMemory()
	}
}
