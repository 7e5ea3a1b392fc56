//go:build onednn

package onednn

// #include "api.h"
import "C"

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// emulateBF16 keeps convolutions from the processor's instructions for bfloat16, for tests.
var emulateBF16 bool

// BF16 says whether the processor has instructions for bfloat16, and the library uses
// them: AVX512_BF16 or AMX.
func BF16() bool { return C.onednn_has_bf16() != 0 }

type conv struct {
	kernel.ConvShape
	handle *C.onednn_conv
}

// Conv prepares a convolution for x and y in NHWC, with weights in a layout that
// the library chooses, into which they are reordered at each call.
func (e *engine) Conv(s kernel.ConvShape) (kernel.Conv[float32], error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	out := s.Out()
	shape := C.onednn_conv_shape{
		n: C.int(s.In.N), h: C.int(s.In.H), w: C.int(s.In.W), c: C.int(s.In.C),
		oh: C.int(out.H), ow: C.int(out.W), filters: C.int(s.Filters),
		kh: C.int(s.Kernel[0]), kw: C.int(s.Kernel[1]),
		sh: C.int(s.Stride[0]), sw: C.int(s.Stride[1]),
		top: C.int(s.Pads[0]), left: C.int(s.Pads[1]),
		bottom: C.int(s.Pads[2]), right: C.int(s.Pads[3]),
		groups: C.int(s.Groups), bias: cbool(s.Bias), relu: cbool(s.ReLU),
		inference: cbool(s.Inference), no_backward_data: cbool(s.NoBackwardData),
		max: C.float(s.Max), bf16: cbool(s.BF16), emulated: cbool(emulateBF16),
	}
	c := &conv{ConvShape: s}
	if msg := C.onednn_conv_new(e.handle, shape, &c.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return c, nil
}

func (c *conv) Forward(y, x, w, b []float32) {
	kernel.MustHold(c, "y", y, c.Out().Len())
	kernel.MustHold(c, "x", x, c.In.Len())
	kernel.MustHold(c, "w", w, c.Weights())
	kernel.MustHold(c, "b", b, c.Biases())
	must(C.onednn_conv_forward(c.handle, ptr(y), ptr(x), ptr(w), ptr(b)), c, "forward")
}

func (c *conv) BackwardData(dx, dy, w []float32) {
	kernel.MustPrepare(c, c.Inference || c.NoBackwardData, "backward data")
	kernel.MustHold(c, "dx", dx, c.In.Len())
	kernel.MustHold(c, "dy", dy, c.Out().Len())
	kernel.MustHold(c, "w", w, c.Weights())
	must(C.onednn_conv_backward_data(c.handle, ptr(dx), ptr(dy), ptr(w)), c, "backward data")
}

func (c *conv) BackwardWeights(dw, db, x, dy []float32) {
	kernel.MustPrepare(c, c.Inference, "backward weights")
	kernel.MustHold(c, "dw", dw, c.Weights())
	kernel.MustHold(c, "db", db, c.Biases())
	kernel.MustHold(c, "x", x, c.In.Len())
	kernel.MustHold(c, "dy", dy, c.Out().Len())
	must(C.onednn_conv_backward_weights(c.handle, ptr(dw), ptr(db), ptr(x), ptr(dy)), c,
		"backward weights")
}
