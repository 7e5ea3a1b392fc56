package serve

import (
	"net/http"
	"time"
)

// A run that ends after the deadline of a request has been for nothing. So that none is, the
// batcher expects runs to take as long as those before, and a request whose time is up
// before that is answered without one.

// errLate is the answer to a request whose deadline is too close.
var errLate = errorf(http.StatusGatewayTimeout,
	"no answer within the deadline: the network takes longer than is left")

// learn hears how long a run of n pictures took. What is expected rises at once, so that a
// run that took long because the machine had other work is not repeated for nothing, and
// falls by an eighth of the difference.
func (b *batcher) learn(n int, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	expected := &b.took[min(n, b.size)]
	*expected = max(took, *expected-(*expected-took)/8)
}

// expected is the size of run whose time is that of a run of n pictures: n, or of those
// that have been run the next smaller one, which takes no longer. 0 means none.
func (b *batcher) expected(n int) int {
	for n > 0 && b.took[n] == 0 {
		n--
	}
	return n
}

// refuse answers a request at once whose deadline comes before a run of n pictures ends,
// and says whether it did. The lock is held.
//
// What is expected falls a little each time: where every deadline is too close, no run
// would ever show that runs have become faster.
func (b *batcher) refuse(p *pending, n int) bool {
	if p.err != nil {
		return true // another of its pictures was to be in the same run
	}
	deadline, ok := p.ctx.Deadline()
	size := b.expected(n)
	if !ok || time.Until(deadline) >= b.took[size] {
		return false
	}
	b.took[size] -= b.took[size] / 16
	b.drop(p)
	p.err = errLate
	close(p.done)
	return true
}
