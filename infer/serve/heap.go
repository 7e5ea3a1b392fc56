package serve

import (
	"runtime"
	"runtime/debug"
)

// Most of what a server holds is the network's, in C. What is in Go's heap is 10 MB with
// 32 clients and 30 MB when the queue is full, and the garbage is 100 KB a picture: at
// 2,000 a second a collector that waits for as much garbage as there is memory in use works
// 25 times a second, and when there is more in use it lets twice as much more be there.
//
// So it counts a reserve as in use that nobody touches, and that takes no memory therefore,
// and waits for a quarter as much garbage as there is in use: for 18 MB with 32 clients, and
// 23 MB when the queue is full.
const (
	heapReserve = 64 << 20 // bytes
	heapPercent = 25
)

// reserve sets the collector up so. It does nothing where GOGC has set it up otherwise.
func reserve() (restore func()) {
	const unset = 100
	if before := debug.SetGCPercent(heapPercent); before != unset {
		debug.SetGCPercent(before)
		return func() {}
	}
	untouched := make([]byte, heapReserve)
	return func() {
		debug.SetGCPercent(unset)
		runtime.KeepAlive(untouched)
	}
}
