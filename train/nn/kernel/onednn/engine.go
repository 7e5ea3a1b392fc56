//go:build onednn

package onednn

// The optimisation flags are set here, not by the user, because the loops are
// written to be vectorised.

// #cgo CXXFLAGS: -O3 -std=c++17 -fopenmp
// #cgo LDFLAGS: -ldnnl -lgomp
// #include "api.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

type engine struct {
	handle  *C.onednn_engine
	name    string
	threads int
	sum     C.double // result of SumSquares: a local variable would be allocated
}

var _ kernel.Engine[float32] = (*engine)(nil)

// New returns an engine with that many threads; 0 means as many as Go uses. It is
// also a [kernel.NormPooler], and an optim.Vector with a fast path for every
// optimizer. An operation that the library refuses when it runs, for example for
// lack of memory, panics with an error that names the layer.
//
// The same inputs and the same number of threads give the same bits.
func New(threads int) (kernel.Engine[float32], error) {
	if threads < 0 {
		return nil, fmt.Errorf("onednn: %d threads, want 0 or more", threads)
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	e := &engine{name: Version(), threads: threads}
	if msg := C.onednn_open(C.int(threads), &e.handle); msg != nil {
		return nil, fmt.Errorf("onednn: %s", C.GoString(msg))
	}
	return e, nil
}

// Version names the library that was loaded: "onednn 2.6.3".
func Version() string {
	var v [3]C.int
	C.onednn_version(&v[0])
	return fmt.Sprintf("onednn %d.%d.%d", v[0], v[1], v[2])
}

func (e *engine) Name() string { return e.name }
func (e *engine) Threads() int { return e.threads }

// Close frees the layers and what Alloc gave; a second call does nothing.
func (e *engine) Close() error {
	if e.handle != nil {
		C.onednn_close(e.handle)
		e.handle = nil
	}
	return nil
}

// Alloc returns n zeroed values on whole pages outside Go's heap, valid until
// Close.
func (e *engine) Alloc(n int) ([]float32, error) {
	if n <= 0 {
		return nil, nil
	}
	var p *C.float
	if msg := C.onednn_alloc(e.handle, C.size_t(n), &p); msg != nil {
		return nil, fmt.Errorf("onednn: %d bytes: %s", 4*n, C.GoString(msg))
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(p)), n), nil
}

// Yield is that of [kernel.Yielder].
func (e *engine) Yield(on bool) error {
	if msg := C.onednn_yield(e.handle, cbool(on)); msg != nil {
		return fmt.Errorf("onednn: threads that wait: %s", C.GoString(msg))
	}
	return nil
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
