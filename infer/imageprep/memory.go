package imageprep

import (
	"runtime"
	"sync"
)

// bigImage is the memory above which a collection around an image's decoding
// costs less than the garbage it leaves: about 15 million pixels.
const bigImage = 64 << 20

// budget keeps the images that are decoded at the same time within [MaxMemory]
// together. Photographs of usual size never wait.
var budget = struct {
	sync.Mutex
	free    *sync.Cond
	left    int64
	garbage int64 // bytes that finished images left behind since the last collection
}{left: MaxMemory}

func init() { budget.free = sync.NewCond(&budget.Mutex) }

// acquire waits until n bytes, at most [MaxMemory], are left in the budget and
// takes them; the returned function gives them back. Before a big image the
// garbage of the ones before it is collected, for the collector would let the
// heap double.
func acquire(n int64) (release func()) {
	budget.Lock()
	for budget.left < n {
		budget.free.Wait()
	}
	budget.left -= n
	collect := budget.garbage > bigImage && n > bigImage
	if collect {
		budget.garbage = 0
	}
	budget.Unlock()
	if collect {
		runtime.GC()
	}
	return func() {
		budget.Lock()
		budget.left += n
		budget.garbage += n
		budget.Unlock()
		budget.free.Broadcast()
	}
}

// settle frees a big image's scratch before its RGB result is allocated.
func settle(n int64) {
	if n > 4*bigImage {
		runtime.GC()
	}
}
