//go:build onednn

package kernel

// #include "onednn.h"
import "C"

import "fmt"

type oneDNNConv struct {
	handle      *C.onednn_conv
	shape       ConvShape
	in, out     int // values in x and y
	weights, nb int // values in w and b
}

func (c *oneDNNConv) String() string {
	s := c.shape
	return fmt.Sprintf("conv %v to %d filters, kernel %v, stride %v, pads %v, %d groups",
		s.In, s.Filters, s.Kernel, s.Stride, s.Pads, s.Groups)
}

// Conv prepares a convolution: for x and y in NHWC and weights in a layout that
// the library chooses, into which they are reordered at each call.
func (e *oneDNN) Conv(s ConvShape) (Conv[float32], error) {
	c := &oneDNNConv{shape: s}
	if s.Groups < 1 || s.In.C%s.Groups != 0 || s.Filters%s.Groups != 0 {
		return nil, fmt.Errorf("onednn: %v: groups do not divide channels and filters", c)
	}
	if err := checkWindow(s.Window, s.In); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", c, err)
	}
	out := s.Out()
	c.in, c.out = s.In.Len(), out.Len()
	c.weights = s.Filters * s.In.C / s.Groups * s.Kernel[0] * s.Kernel[1]
	if s.Bias {
		c.nb = s.Filters
	}
	shape := C.onednn_conv_shape{
		n: C.int(s.In.N), h: C.int(s.In.H), w: C.int(s.In.W), c: C.int(s.In.C),
		oh: C.int(out.H), ow: C.int(out.W), filters: C.int(s.Filters),
		kh: C.int(s.Kernel[0]), kw: C.int(s.Kernel[1]),
		sh: C.int(s.Stride[0]), sw: C.int(s.Stride[1]),
		top: C.int(s.Pads[0]), left: C.int(s.Pads[1]),
		bottom: C.int(s.Pads[2]), right: C.int(s.Pads[3]),
		groups: C.int(s.Groups), bias: cbool(s.Bias), relu: cbool(s.ReLU),
		inference: cbool(s.Inference), no_backward_data: cbool(s.NoBackwardData),
	}
	if msg := C.onednn_conv_new(e.handle, shape, &c.handle); msg != nil {
		return nil, refused(msg, c)
	}
	return c, nil
}

func (c *oneDNNConv) Forward(y, x, w, b []float32) {
	checkLen(c, "y", y, c.out)
	checkLen(c, "x", x, c.in)
	checkLen(c, "w", w, c.weights)
	checkLen(c, "b", b, c.nb)
	failed(C.onednn_conv_forward(c.handle, ptr(y), ptr(x), ptr(w), ptr(b)), c, "forward")
}

func (c *oneDNNConv) BackwardData(dx, dy, w []float32) {
	checkTrained(c, c.shape.Inference || c.shape.NoBackwardData, "backward data")
	checkLen(c, "dx", dx, c.in)
	checkLen(c, "dy", dy, c.out)
	checkLen(c, "w", w, c.weights)
	failed(C.onednn_conv_backward_data(c.handle, ptr(dx), ptr(dy), ptr(w)), c, "backward data")
}

func (c *oneDNNConv) BackwardWeights(dw, db, x, dy []float32) {
	checkTrained(c, c.shape.Inference, "backward weights")
	checkLen(c, "dw", dw, c.weights)
	checkLen(c, "db", db, c.nb)
	checkLen(c, "x", x, c.in)
	checkLen(c, "dy", dy, c.out)
	failed(C.onednn_conv_backward_weights(c.handle, ptr(dw), ptr(db), ptr(x), ptr(dy)), c,
		"backward weights")
}

// checkTrained panics when a gradient is asked for that was not prepared.
func checkTrained(layer fmt.Stringer, missing bool, what string) {
	if missing {
		panic(fmt.Errorf("onednn: %v: %s was not prepared", layer, what))
	}
}

// checkWindow is an error where a window could lie in the padding alone.
func checkWindow(g Window, in ImageShape) error {
	if in.N < 1 || in.H < 1 || in.W < 1 || in.C < 1 {
		return fmt.Errorf("input %v, want sizes of 1 or more", in)
	}
	for axis, size := range [2]int{in.H, in.W} {
		k, before, after := g.Kernel[axis], g.Pads[axis], g.Pads[axis+2]
		if k < 1 || g.Stride[axis] < 1 {
			return fmt.Errorf("kernel %v and stride %v, want 1 or more", g.Kernel, g.Stride)
		}
		if before < 0 || after < 0 || before >= k || after >= k {
			return fmt.Errorf("pads %v, want 0 or more and under the kernel %v", g.Pads, g.Kernel)
		}
		if size+before+after < k {
			return fmt.Errorf("kernel %v is larger than the input", g.Kernel)
		}
	}
	return nil
}

type oneDNNDense struct {
	handle *C.onednn_dense
	shape  DenseShape
	nb     int // values in b
}

func (d *oneDNNDense) String() string {
	return fmt.Sprintf("dense %d to %d, batch %d", d.shape.In, d.shape.Out, d.shape.N)
}

// Dense prepares a fully connected layer on plain layouts.
func (e *oneDNN) Dense(s DenseShape) (Dense[float32], error) {
	d := &oneDNNDense{shape: s}
	if s.N < 1 || s.In < 1 || s.Out < 1 {
		return nil, fmt.Errorf("onednn: %v: want sizes of 1 or more", d)
	}
	if s.Bias {
		d.nb = s.Out
	}
	shape := C.onednn_dense_shape{
		n: C.int(s.N), in: C.int(s.In), out: C.int(s.Out),
		bias: cbool(s.Bias), relu: cbool(s.ReLU),
		inference: cbool(s.Inference), no_backward_data: cbool(s.NoBackwardData),
	}
	if msg := C.onednn_dense_new(e.handle, shape, &d.handle); msg != nil {
		return nil, refused(msg, d)
	}
	return d, nil
}

func (d *oneDNNDense) Forward(y, x, w, b []float32) {
	checkLen(d, "y", y, d.shape.N*d.shape.Out)
	checkLen(d, "x", x, d.shape.N*d.shape.In)
	checkLen(d, "w", w, d.shape.In*d.shape.Out)
	checkLen(d, "b", b, d.nb)
	failed(C.onednn_dense_forward(d.handle, ptr(y), ptr(x), ptr(w), ptr(b)), d, "forward")
}

func (d *oneDNNDense) BackwardData(dx, dy, w []float32) {
	checkTrained(d, d.shape.Inference || d.shape.NoBackwardData, "backward data")
	checkLen(d, "dx", dx, d.shape.N*d.shape.In)
	checkLen(d, "dy", dy, d.shape.N*d.shape.Out)
	checkLen(d, "w", w, d.shape.In*d.shape.Out)
	failed(C.onednn_dense_backward_data(d.handle, ptr(dx), ptr(dy), ptr(w)), d, "backward data")
}

func (d *oneDNNDense) BackwardWeights(dw, db, x, dy []float32) {
	checkTrained(d, d.shape.Inference, "backward weights")
	checkLen(d, "dw", dw, d.shape.In*d.shape.Out)
	checkLen(d, "db", db, d.nb)
	checkLen(d, "x", x, d.shape.N*d.shape.In)
	checkLen(d, "dy", dy, d.shape.N*d.shape.Out)
	failed(C.onednn_dense_backward_weights(d.handle, ptr(dw), ptr(db), ptr(x), ptr(dy)), d,
		"backward weights")
}
