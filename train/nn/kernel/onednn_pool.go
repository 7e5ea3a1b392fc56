//go:build onednn

package kernel

// #include "onednn.h"
import "C"

import "fmt"

// oneDNNPool is what both kinds of pool share.
type oneDNNPool struct {
	handle  *C.onednn_pool
	kind    string
	shape   PoolShape
	in, out int // values in x and y
}

func (p *oneDNNPool) String() string {
	s := p.shape
	return fmt.Sprintf("%s %v, kernel %v, stride %v, pads %v", p.kind, s.In, s.Kernel, s.Stride, s.Pads)
}

type (
	oneDNNMaxPool struct{ *oneDNNPool }
	oneDNNAvgPool struct{ *oneDNNPool }
)

func (e *oneDNN) pool(kind string, s PoolShape) (*oneDNNPool, error) {
	p := &oneDNNPool{kind: kind, shape: s, in: s.In.Len()}
	if err := checkWindow(s.Window, s.In); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", p, err)
	}
	out := s.Out()
	p.out = out.Len()
	shape := C.onednn_pool_shape{
		n: C.int(s.In.N), h: C.int(s.In.H), w: C.int(s.In.W), c: C.int(s.In.C),
		oh: C.int(out.H), ow: C.int(out.W),
		kh: C.int(s.Kernel[0]), kw: C.int(s.Kernel[1]),
		sh: C.int(s.Stride[0]), sw: C.int(s.Stride[1]),
		top: C.int(s.Pads[0]), left: C.int(s.Pads[1]),
		bottom: C.int(s.Pads[2]), right: C.int(s.Pads[3]),
		max: cbool(kind == "maxpool"), inference: cbool(s.Inference), input_relu: cbool(s.InputReLU),
	}
	if msg := C.onednn_pool_new(e.handle, shape, &p.handle); msg != nil {
		return nil, refused(msg, p)
	}
	return p, nil
}

// MaxPool prepares a max-pool that remembers the place of each maximum.
func (e *oneDNN) MaxPool(s PoolShape) (MaxPool[float32], error) {
	p, err := e.pool("maxpool", s)
	if err != nil {
		return nil, err
	}
	return oneDNNMaxPool{p}, nil
}

// AvgPool prepares an average pool.
func (e *oneDNN) AvgPool(s PoolShape) (AvgPool[float32], error) {
	p, err := e.pool("avgpool", s)
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
	checkLen(p, "y", y, p.out)
	checkLen(p, "x", x, p.in)
	failed(C.onednn_maxpool_forward(p.handle, ptr(y), ptr(x)), p, "forward")
}

func (p oneDNNMaxPool) Backward(dx, dy, y []float32) {
	checkTrained(p, p.shape.Inference, "backward")
	checkLen(p, "dx", dx, p.in)
	checkLen(p, "dy", dy, p.out)
	checkLen(p, "y", y, p.out)
	failed(C.onednn_maxpool_backward(p.handle, ptr(dx), ptr(dy), ptr(y)), p, "backward")
}

func (p oneDNNAvgPool) Forward(y, x []float32) {
	checkLen(p, "y", y, p.out)
	checkLen(p, "x", x, p.in)
	failed(C.onednn_avgpool_forward(p.handle, ptr(y), ptr(x)), p, "forward")
}

func (p oneDNNAvgPool) Backward(dx, dy []float32) {
	checkTrained(p, p.shape.Inference, "backward")
	checkLen(p, "dx", dx, p.in)
	checkLen(p, "dy", dy, p.out)
	failed(C.onednn_avgpool_backward(p.handle, ptr(dx), ptr(dy)), p, "backward")
}
