package serve

import "sync"

// buffers are memory for bodies of ordinary size, which is used again: at a thousand
// pictures a second it would else be most of the garbage. There is a pool for each power of
// two.
type buffers struct {
	pools [largestBuffer + 1 - smallestBuffer]sync.Pool // of *[]byte
}

// The powers of two.
const (
	smallestBuffer = 12 // 4 KiB
	largestBuffer  = 20 // 1 MiB
)

// bufferSize is how many bytes a buffer for n of them has, and which pool it is of; -1
// where it is of none.
func bufferSize(n int64) (size int64, pool int) {
	for p := smallestBuffer; p <= largestBuffer; p++ {
		if n <= 1<<p {
			return 1 << p, p - smallestBuffer
		}
	}
	return n, -1
}

// take is an empty slice with room for so many bytes, a size of bufferSize.
func (b *buffers) take(size int64) []byte {
	if _, pool := bufferSize(size); pool >= 0 {
		if p, ok := b.pools[pool].Get().(*[]byte); ok {
			return (*p)[:0]
		}
	}
	return make([]byte, 0, size)
}

// give takes a slice of take back, to which nothing may refer any more.
func (b *buffers) give(p []byte) {
	if size, pool := bufferSize(int64(cap(p))); pool >= 0 && size == int64(cap(p)) {
		b.pools[pool].Put(&p)
	}
}
