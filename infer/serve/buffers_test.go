package serve

import (
	"bytes"
	"slices"
	"testing"
	"testing/iotest"
)

func TestBuffersHaveRoomAndAreUsedForTheirSizeAlone(t *testing.T) {
	var b buffers
	for n, want := range map[int64]int64{0: 4096, 1: 4096, 4096: 4096, 4097: 8192,
		100_000: 128 << 10, 1 << 20: 1 << 20, 1<<20 + 1: 1<<20 + 1} {
		size, _ := bufferSize(n)
		if size != want {
			t.Errorf("%d bytes: got a buffer of %d, want %d", n, size, want)
		}
		p := b.take(size)
		if len(p) != 0 || int64(cap(p)) != size {
			t.Errorf("got %d of %d bytes, want 0 of %d", len(p), cap(p), size)
		}
		b.give(append(p, make([]byte, n)...))
		if p = b.take(size); len(p) != 0 || int64(cap(p)) != size {
			t.Errorf("after use: got %d of %d bytes, want 0 of %d", len(p), cap(p), size)
		}
	}
	b.give(nil)
	b.give(make([]byte, 5000)) // of no pool
	if p := b.take(8192); cap(p) != 8192 {
		t.Errorf("got %d bytes, want 8192", cap(p))
	}
}

// TestBodiesAreReadWhateverTheirSize, by a reader that gives a byte at a time or all, with
// and without a length, and leave nothing behind.
func TestBodiesAreReadWhateverTheirSize(t *testing.T) {
	s := New(Options{})
	for _, n := range []int{0, 1, 4095, 4096, 4097, 70_000, 1 << 20, 1<<20 + 1} {
		wanted := bytes.Repeat([]byte{1, 2, 3}, n/3+1)[:n]
		for _, known := range []int64{0, int64(n)} {
			body, release, err := s.readAll(iotest.HalfReader(bytes.NewReader(wanted)), known)
			if err != nil || !slices.Equal(body, wanted) {
				t.Fatalf("%d bytes of %d known: got %d, %v", n, known, len(body), err)
			}
			if held := s.options.Limits.Bodies - s.bodies.left; held < int64(n) || held > 4*int64(n)+4096+64<<10 {
				t.Errorf("%d bytes: %d are counted", n, held)
			}
			release()
			release()
			if s.bodies.left != s.options.Limits.Bodies {
				t.Errorf("%d bytes: %d are still held", n, s.options.Limits.Bodies-s.bodies.left)
			}
		}
	}
}
