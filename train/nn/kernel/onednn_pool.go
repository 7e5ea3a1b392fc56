//go:build onednn

package kernel

// #include "onednn.h"
import "C"

import "fmt"

// oneDNNPool is what both kinds of pool share.
type oneDNNPool struct {
	PoolShape
	handle *C.onednn_pool
}

type (
	oneDNNMaxPool struct{ *oneDNNPool }
	oneDNNAvgPool struct{ *oneDNNPool }
)

// pool prepares a pool; a maximum remembers its places.
func (e *oneDNN) pool(s PoolShape, maximum bool) (*oneDNNPool, error) {
	if err := s.Window.check(s.In); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	p := &oneDNNPool{PoolShape: s}
	if msg := C.onednn_pool_new(e.handle, poolShape(s, maximum), &p.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return p, nil
}

func poolShape(s PoolShape, maximum bool) C.onednn_pool_shape {
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
func (e *oneDNN) MaxPool(s PoolShape) (MaxPool[float32], error) {
	p, err := e.pool(s, true)
	if err != nil {
		return nil, err
	}
	return oneDNNMaxPool{p}, nil
}

// AvgPool prepares an average pool.
func (e *oneDNN) AvgPool(s PoolShape) (AvgPool[float32], error) {
	p, err := e.pool(s, false)
	if err != nil {
		return nil, err
	}
	return oneDNNAvgPool{p}, nil
}

// GlobalAvgPool prepares the mean over height and width: one window.
func (e *oneDNN) GlobalAvgPool(s ImageShape) (AvgPool[float32], error) {
	return e.AvgPool(PoolShape{
		In:     s,
		Window: Window{Kernel: [2]int{s.H, s.W}, Stride: [2]int{1, 1}},
	})
}

func (p oneDNNMaxPool) Forward(y, x []float32) {
	mustHold(p, "y", y, p.Out().Len())
	mustHold(p, "x", x, p.In.Len())
	must(C.onednn_maxpool_forward(p.handle, ptr(y), ptr(x)), p, "forward")
}

func (p oneDNNMaxPool) Backward(dx, dy, y []float32) {
	mustPrepare(p, p.Inference, "backward")
	mustHold(p, "dx", dx, p.In.Len())
	mustHold(p, "dy", dy, p.Out().Len())
	mustHold(p, "y", y, p.Out().Len())
	must(C.onednn_maxpool_backward(p.handle, ptr(dx), ptr(dy), ptr(y)), p, "backward")
}

func (p oneDNNAvgPool) Forward(y, x []float32) {
	mustHold(p, "y", y, p.Out().Len())
	mustHold(p, "x", x, p.In.Len())
	must(C.onednn_avgpool_forward(p.handle, ptr(y), ptr(x)), p, "forward")
}

func (p oneDNNAvgPool) Backward(dx, dy []float32) {
	mustPrepare(p, p.Inference, "backward")
	mustHold(p, "dx", dx, p.In.Len())
	mustHold(p, "dy", dy, p.Out().Len())
	must(C.onednn_avgpool_backward(p.handle, ptr(dx), ptr(dy)), p, "backward")
}
