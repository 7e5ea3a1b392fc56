//go:build onednn

package kernel

// The flags of optimisation are ours, not the user's, because the loops are
// written to be vectorised.

// #cgo CXXFLAGS: -O3 -std=c++17 -fopenmp
// #cgo LDFLAGS: -ldnnl -lgomp
// #include "onednn.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/flowerctl/flowerctl/train/optim"
)

// oneDNN is the engine on the oneDNN library: convolutions and dense layers are
// the library's primitives, the layers that only move memory are loops of our own
// (onednn_*.cpp). It works for Debian's oneDNN 2.6 and for 3.x.
//
// All calls run on one thread of the engine's own, which owns the OpenMP team;
// the caller's thread sleeps meanwhile. That costs up to 9 microseconds a call.
//
// How libgomp's idle workers wait is left as it is. It can only be set in the
// environment, before the library loads, so it would take starting the program a
// second time; and steps beside another training that took both cores were no
// shorter by it (median ms of 5 runs in turns of v7-base, v7-batchnorm: as it is 250,
// 385; GOMP_SPINCOUNT=10000 251, 387; 1000 262, 389; OMP_WAIT_POLICY=passive 264, 405).
type oneDNN struct {
	handle  *C.onednn_engine
	name    string
	threads int
	sum     C.double // result of SumSquares: a local variable would be allocated
}

var (
	_ Engine[float32] = (*oneDNN)(nil)
	_ optim.Vector    = (*oneDNN)(nil)
)

// NewOneDNN returns the engine on oneDNN, with that many threads: 0 means as many
// as Go uses. It also implements optim.Vector. An operation that the library refuses
// when it runs, such as for want of memory, panics with an error that names the
// layer.
//
// Same inputs and same number of threads give the same bits.
func NewOneDNN(threads int) (Engine[float32], error) {
	if threads < 0 {
		return nil, fmt.Errorf("onednn: %d threads, want 0 or more", threads)
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	e := &oneDNN{name: oneDNNVersion(), threads: threads}
	if msg := C.onednn_open(C.int(threads), &e.handle); msg != nil {
		return nil, fmt.Errorf("onednn: %s", C.GoString(msg))
	}
	return e, nil
}

// oneDNNVersion is "onednn 2.6.3", of the library that was loaded.
func oneDNNVersion() string {
	var v [3]C.int
	C.onednn_version(&v[0])
	return fmt.Sprintf("onednn %d.%d.%d", v[0], v[1], v[2])
}

func (e *oneDNN) Name() string { return e.name }
func (e *oneDNN) Threads() int { return e.threads }

// Close frees the layers and what Alloc gave; a second call does nothing.
func (e *oneDNN) Close() error {
	if e.handle != nil {
		C.onednn_close(e.handle)
		e.handle = nil
	}
	return nil
}

// Alloc returns n zeroed values on whole pages outside Go's heap, valid until
// Close.
func (e *oneDNN) Alloc(n int) ([]float32, error) {
	if n <= 0 {
		return nil, nil
	}
	var p *C.float
	if msg := C.onednn_alloc(e.handle, C.size_t(n), &p); msg != nil {
		return nil, fmt.Errorf("onednn: %d bytes: %s", 4*n, C.GoString(msg))
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(p)), n), nil
}

// ptr is where the values of x are; nil for none.
func ptr(x []float32) *C.float { return (*C.float)(unsafe.SliceData(x)) }

// must panics if msg is an error of the C side.
func must(msg *C.char, layer fmt.Stringer, what string) {
	if msg != nil {
		panic(fmt.Errorf("onednn: %v: %s: %s", layer, what, C.GoString(msg)))
	}
}

// refused wraps the library's answer to a layer that it cannot prepare.
func refused(msg *C.char, layer fmt.Stringer) error {
	return fmt.Errorf("onednn: %v: %s", layer, C.GoString(msg))
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
