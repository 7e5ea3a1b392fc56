package serve

// room is what a request takes of a batcher's limit, from before its body is read until it
// is answered.
type room struct {
	of *batcher
	n  int // pictures
}

// admit takes room for a picture, which release gives back; false means that there is none.
// It comes before the body is read, so that no more bodies are in memory than pictures may
// wait, and a request that is refused costs little.
func (b *batcher) admit() (*room, bool) {
	r := &room{of: b}
	return r, r.grow(1)
}

// grow makes it room for n pictures in all, or false where there is none for so many.
func (r *room) grow(n int) bool {
	b := r.of
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.admitted+n-r.n > b.limit {
		return false
	}
	b.admitted += n - r.n
	r.n = n
	return true
}

// release gives the room back. Another call does nothing.
func (r *room) release() {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.admitted -= r.n
	r.n = 0
}

// errFull is the answer when there is no room.
var errFull = busy("too many pictures wait already")
