//go:build onednn

package onednn

// #include "api.h"
import "C"

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

// pool is what both kinds of pool share.
type pool struct {
	kernel.PoolShape
	handle *C.onednn_pool
}

type (
	maxPool struct{ *pool }
	avgPool struct{ *pool }
)

// pool prepares a pool; a maximum remembers its places.
func (e *engine) pool(s kernel.PoolShape, maximum bool) (*pool, error) {
	if err := s.Window.Check(s.In); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	p := &pool{PoolShape: s}
	if msg := C.onednn_pool_new(e.handle, poolShape(s, maximum), &p.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return p, nil
}

func poolShape(s kernel.PoolShape, maximum bool) C.onednn_pool_shape {
	out := s.Out()
	return C.onednn_pool_shape{
		n: C.int(s.In.N), h: C.int(s.In.H), w: C.int(s.In.W), c: C.int(s.In.C),
		oh: C.int(out.H), ow: C.int(out.W),
		kh: C.int(s.Kernel[0]), kw: C.int(s.Kernel[1]),
		sh: C.int(s.Stride[0]), sw: C.int(s.Stride[1]),
		top: C.int(s.Pads[0]), left: C.int(s.Pads[1]),
		bottom: C.int(s.Pads[2]), right: C.int(s.Pads[3]),
		max: cbool(maximum), inference: cbool(s.Inference), input_relu: cbool(s.InputReLU),
	}
}

// MaxPool prepares a max-pool.
func (e *engine) MaxPool(s kernel.PoolShape) (kernel.MaxPool[float32], error) {
	p, err := e.pool(s, true)
	if err != nil {
		return nil, err
	}
	return maxPool{p}, nil
}

// AvgPool prepares an average pool.
func (e *engine) AvgPool(s kernel.PoolShape) (kernel.AvgPool[float32], error) {
	p, err := e.pool(s, false)
	if err != nil {
		return nil, err
	}
	return avgPool{p}, nil
}

// GlobalAvgPool prepares the mean over height and width.
func (e *engine) GlobalAvgPool(s kernel.ImageShape) (kernel.AvgPool[float32], error) {
	return e.AvgPool(kernel.GlobalPool(s))
}

func (p maxPool) Forward(y, x []float32) {
	kernel.MustHold(p, "y", y, p.Out().Len())
	kernel.MustHold(p, "x", x, p.In.Len())
	must(C.onednn_maxpool_forward(p.handle, ptr(y), ptr(x)), p, "forward")
}

func (p maxPool) Backward(dx, dy, y []float32) {
	kernel.MustPrepare(p, p.Inference, "backward")
	kernel.MustHold(p, "dx", dx, p.In.Len())
	kernel.MustHold(p, "dy", dy, p.Out().Len())
	kernel.MustHold(p, "y", y, p.Out().Len())
	must(C.onednn_maxpool_backward(p.handle, ptr(dx), ptr(dy), ptr(y)), p, "backward")
}

func (p avgPool) Forward(y, x []float32) {
	kernel.MustHold(p, "y", y, p.Out().Len())
	kernel.MustHold(p, "x", x, p.In.Len())
	must(C.onednn_avgpool_forward(p.handle, ptr(y), ptr(x)), p, "forward")
}

func (p avgPool) Backward(dx, dy []float32) {
	kernel.MustPrepare(p, p.Inference, "backward")
	kernel.MustHold(p, "dx", dx, p.In.Len())
	kernel.MustHold(p, "dy", dy, p.Out().Len())
	must(C.onednn_avgpool_backward(p.handle, ptr(dx), ptr(dy)), p, "backward")
}
