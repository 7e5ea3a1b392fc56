//go:build onednn

package onednn

// #include "api.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

type layer = kernel.LayerName

// mustMatch panics unless all slices are as long as y.
func mustMatch(l fmt.Stringer, y []float32, others ...[]float32) {
	for _, x := range others {
		kernel.MustHold(l, "an operand", x, len(y))
	}
}

func (e *engine) ReLU(y, x []float32, max float32) {
	mustMatch(layer("relu"), y, x)
	must(C.onednn_relu(e.handle, ptr(y), ptr(x), C.size_t(len(y)), C.float(max)), layer("relu"), "run")
}

func (e *engine) ReLUBackward(dx, dy, y []float32, max float32) {
	mustMatch(layer("relu backward"), dx, dy, y)
	must(C.onednn_relu_backward(e.handle, ptr(dx), ptr(dy), ptr(y),
		C.size_t(len(y)), C.float(max)), layer("relu backward"), "run")
}

func (e *engine) Rescale(y, x []float32, scale, offset float32) {
	mustMatch(layer("rescale"), y, x)
	must(C.onednn_rescale(e.handle, ptr(y), ptr(x), C.size_t(len(y)),
		C.float(scale), C.float(offset)), layer("rescale"), "run")
}

func (e *engine) FromBytes(y []float32, x []uint8) {
	if len(x) != len(y) {
		panic(fmt.Errorf("kernel: from bytes: %d bytes to %d values", len(x), len(y)))
	}
	must(C.onednn_from_bytes(e.handle, ptr(y),
		(*C.uint8_t)(unsafe.SliceData(x)), C.size_t(len(y))), layer("from bytes"), "run")
}

func (e *engine) Add(y, a, b []float32) {
	mustMatch(layer("add"), y, a, b)
	must(C.onednn_add(e.handle, ptr(y), ptr(a), ptr(b), C.size_t(len(y))), layer("add"), "run")
}

func (e *engine) Concat(y []float32, x [][]float32, rows int, channels []int) {
	width := kernel.MustJoin("concat", y, x, rows, channels)
	offset := 0
	for i, part := range x {
		c := channels[i]
		kernel.MustHold(layer("concat"), "an input", part, rows*c)
		e.copyRows(y[offset:], width, part, c, rows, c)
		offset += c
	}
}

func (e *engine) Split(dx [][]float32, dy []float32, rows int, channels []int) {
	width := kernel.MustJoin("split", dy, dx, rows, channels)
	offset := 0
	for i, part := range dx {
		c := channels[i]
		if part != nil {
			kernel.MustHold(layer("split"), "a part", part, rows*c)
			e.copyRows(part, c, dy[offset:], width, rows, c)
		}
		offset += c
	}
}

// copyRows copies rows of width values; the strides are between their starts.
func (e *engine) copyRows(dst []float32, dstStride int, src []float32, srcStride, rows, width int) {
	if rows == 0 || width == 0 {
		return
	}
	must(C.onednn_copy_rows(e.handle, ptr(dst), C.size_t(dstStride), ptr(src),
		C.size_t(srcStride), C.size_t(rows), C.size_t(width)), layer("copy"), "run")
}

func (e *engine) ToNCHW(y, x []float32, s kernel.ImageShape) {
	e.transpose(layer("to NCHW"), y, x, s, s.H*s.W, s.C)
}

func (e *engine) ToNHWC(y, x []float32, s kernel.ImageShape) {
	e.transpose(layer("to NHWC"), y, x, s, s.C, s.H*s.W)
}

func (e *engine) transpose(l fmt.Stringer, y, x []float32, s kernel.ImageShape, rows, cols int) {
	kernel.MustHold(l, "y", y, s.Len())
	kernel.MustHold(l, "x", x, s.Len())
	must(C.onednn_transpose(e.handle, ptr(y), ptr(x), C.size_t(s.N), C.size_t(rows),
		C.size_t(cols)), l, "run")
}

func (e *engine) Dropout(y, x []float32, rate float64, seed uint64) {
	mustMatch(layer("dropout"), y, x)
	must(C.onednn_dropout(e.handle, ptr(y), ptr(x), C.size_t(len(y)),
		C.double(rate), C.uint64_t(seed)), layer("dropout"), "run")
}

func (e *engine) Softmax(y, x []float32, k int) {
	mustMatch(layer("softmax"), y, x)
	kernel.MustDivide("softmax", x, k)
	must(C.onednn_softmax(e.handle, ptr(y), ptr(x), C.size_t(len(x)/k), C.size_t(k)),
		layer("softmax"), "run")
}
