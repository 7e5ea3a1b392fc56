//go:build onednn

package kernel

// #include "onednn.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/flowerctl/flowerctl/train/optim"
)

// mustMatch panics unless all slices are as long as y.
func mustMatch(l fmt.Stringer, y []float32, others ...[]float32) {
	for _, x := range others {
		mustHold(l, "an operand", x, len(y))
	}
}

func (e *oneDNN) ReLU(y, x []float32, max float32) {
	mustMatch(layerName("relu"), y, x)
	must(C.onednn_relu(e.handle, ptr(y), ptr(x), C.size_t(len(y)), C.float(max)), layerName("relu"), "run")
}

func (e *oneDNN) ReLUBackward(dx, dy, y []float32, max float32) {
	mustMatch(layerName("relu backward"), dx, dy, y)
	must(C.onednn_relu_backward(e.handle, ptr(dx), ptr(dy), ptr(y),
		C.size_t(len(y)), C.float(max)), layerName("relu backward"), "run")
}

func (e *oneDNN) Rescale(y, x []float32, scale, offset float32) {
	mustMatch(layerName("rescale"), y, x)
	must(C.onednn_rescale(e.handle, ptr(y), ptr(x), C.size_t(len(y)),
		C.float(scale), C.float(offset)), layerName("rescale"), "run")
}

func (e *oneDNN) FromBytes(y []float32, x []uint8) {
	if len(x) != len(y) {
		panic(fmt.Errorf("kernel: from bytes: %d bytes to %d values", len(x), len(y)))
	}
	must(C.onednn_from_bytes(e.handle, ptr(y),
		(*C.uint8_t)(unsafe.SliceData(x)), C.size_t(len(y))), layerName("from bytes"), "run")
}

func (e *oneDNN) Add(y, a, b []float32) {
	mustMatch(layerName("add"), y, a, b)
	must(C.onednn_add(e.handle, ptr(y), ptr(a), ptr(b), C.size_t(len(y))), layerName("add"), "run")
}

func (e *oneDNN) Concat(y []float32, x [][]float32, rows int, channels []int) {
	width := concatWidth(layerName("concat"), y, x, rows, channels)
	offset := 0
	for i, part := range x {
		c := channels[i]
		mustHold(layerName("concat"), "an input", part, rows*c)
		e.copyRows(y[offset:], width, part, c, rows, c)
		offset += c
	}
}

func (e *oneDNN) Split(dx [][]float32, dy []float32, rows int, channels []int) {
	width := concatWidth(layerName("split"), dy, dx, rows, channels)
	offset := 0
	for i, part := range dx {
		c := channels[i]
		if part != nil {
			mustHold(layerName("split"), "a part", part, rows*c)
			e.copyRows(part, c, dy[offset:], width, rows, c)
		}
		offset += c
	}
}

// concatWidth is the sum of the channels, checked against the whole.
func concatWidth(l fmt.Stringer, whole []float32, parts [][]float32, rows int, channels []int) int {
	if len(parts) != len(channels) {
		panic(fmt.Errorf("kernel: %v: %d parts and %d channel counts", l, len(parts), len(channels)))
	}
	width := 0
	for _, c := range channels {
		width += c
	}
	mustHold(l, "the whole", whole, rows*width)
	return width
}

// copyRows copies rows of width values; the strides are between their starts.
func (e *oneDNN) copyRows(dst []float32, dstStride int, src []float32, srcStride, rows, width int) {
	if rows == 0 || width == 0 {
		return
	}
	must(C.onednn_copy_rows(e.handle, ptr(dst), C.size_t(dstStride), ptr(src),
		C.size_t(srcStride), C.size_t(rows), C.size_t(width)), layerName("copy"), "run")
}

func (e *oneDNN) ToNCHW(y, x []float32, s ImageShape) {
	e.transpose(layerName("to NCHW"), y, x, s, s.H*s.W, s.C)
}

func (e *oneDNN) ToNHWC(y, x []float32, s ImageShape) {
	e.transpose(layerName("to NHWC"), y, x, s, s.C, s.H*s.W)
}

func (e *oneDNN) transpose(l fmt.Stringer, y, x []float32, s ImageShape, rows, cols int) {
	mustHold(l, "y", y, s.Len())
	mustHold(l, "x", x, s.Len())
	must(C.onednn_transpose(e.handle, ptr(y), ptr(x), C.size_t(s.N), C.size_t(rows),
		C.size_t(cols)), l, "run")
}

func (e *oneDNN) Dropout(y, x []float32, rate float64, seed uint64) {
	mustMatch(layerName("dropout"), y, x)
	must(C.onednn_dropout(e.handle, ptr(y), ptr(x), C.size_t(len(y)),
		C.double(rate), C.uint64_t(seed)), layerName("dropout"), "run")
}

func (e *oneDNN) Softmax(y, x []float32, k int) {
	mustMatch(layerName("softmax"), y, x)
	if k < 1 || len(x)%k != 0 {
		panic(fmt.Errorf("kernel: softmax: %d values in rows of %d", len(x), k))
	}
	must(C.onednn_softmax(e.handle, ptr(y), ptr(x), C.size_t(len(x)/k), C.size_t(k)), layerName("softmax"), "run")
}

// The rest is optim.Vector.

func (e *oneDNN) SGD(w, g []float32, lr float32) {
	mustMatch(layerName("sgd"), w, g)
	must(C.onednn_sgd(e.handle, ptr(w), ptr(g), C.size_t(len(w)), C.float(lr)), layerName("sgd"), "run")
}

func (e *oneDNN) Momentum(w, v, g []float32, lr, momentum float32, nesterov bool) {
	mustMatch(layerName("momentum"), w, v, g)
	must(C.onednn_momentum(e.handle, ptr(w), ptr(v), ptr(g), C.size_t(len(w)),
		C.float(lr), C.float(momentum), cbool(nesterov)), layerName("momentum"), "run")
}

func (e *oneDNN) Adam(w, m, v, g []float32, s optim.AdamStep) {
	mustMatch(layerName("adam"), w, m, v, g)
	step := C.onednn_adam_step{
		rate: C.float(s.Rate), new_m: C.float(s.NewM), new_v: C.float(s.NewV),
		epsilon: C.float(s.Epsilon), keep: C.float(s.Keep),
	}
	must(C.onednn_adam(e.handle, ptr(w), ptr(m), ptr(v), ptr(g), C.size_t(len(w)),
		step), layerName("adam"), "run")
}

func (e *oneDNN) RMSprop(w, v, g []float32, lr, newV, epsilon float32) {
	mustMatch(layerName("rmsprop"), w, v, g)
	must(C.onednn_rmsprop(e.handle, ptr(w), ptr(v), ptr(g), C.size_t(len(w)),
		C.float(lr), C.float(newV), C.float(epsilon)), layerName("rmsprop"), "run")
}

func (e *oneDNN) Adagrad(w, v, g []float32, lr, epsilon float32) {
	mustMatch(layerName("adagrad"), w, v, g)
	must(C.onednn_adagrad(e.handle, ptr(w), ptr(v), ptr(g), C.size_t(len(w)),
		C.float(lr), C.float(epsilon)), layerName("adagrad"), "run")
}

func (e *oneDNN) Adadelta(w, v, u, g []float32, lr, newV, epsilon float32) {
	mustMatch(layerName("adadelta"), w, v, u, g)
	must(C.onednn_adadelta(e.handle, ptr(w), ptr(v), ptr(u), ptr(g),
		C.size_t(len(w)), C.float(lr), C.float(newV), C.float(epsilon)), layerName("adadelta"), "run")
}

func (e *oneDNN) SumSquares(x []float32) float64 {
	must(C.onednn_sum_squares(e.handle, ptr(x), C.size_t(len(x)), &e.sum), layerName("sum of squares"), "run")
	return float64(e.sum)
}

func (e *oneDNN) Scale(x []float32, s float32) {
	must(C.onednn_scale(e.handle, ptr(x), C.size_t(len(x)), C.float(s)), layerName("scale"), "run")
}

func (e *oneDNN) EMA(average, w []float32, newW float32) {
	mustMatch(layerName("ema"), average, w)
	must(C.onednn_ema(e.handle, ptr(average), ptr(w), C.size_t(len(w)), C.float(newW)), layerName("ema"), "run")
}
