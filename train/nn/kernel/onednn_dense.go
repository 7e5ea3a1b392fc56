//go:build onednn

package kernel

// #include "onednn.h"
import "C"

import "fmt"

type oneDNNDense struct {
	DenseShape
	handle *C.onednn_dense
}

// Dense prepares a fully connected layer on plain layouts.
func (e *oneDNN) Dense(s DenseShape) (Dense[float32], error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	shape := C.onednn_dense_shape{
		n: C.int(s.N), in: C.int(s.In), out: C.int(s.Out),
		bias: cbool(s.Bias), relu: cbool(s.ReLU),
		inference: cbool(s.Inference), no_backward_data: cbool(s.NoBackwardData),
	}
	d := &oneDNNDense{DenseShape: s}
	if msg := C.onednn_dense_new(e.handle, shape, &d.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return d, nil
}

func (d *oneDNNDense) Forward(y, x, w, b []float32) {
	mustHold(d, "y", y, d.N*d.Out)
	mustHold(d, "x", x, d.N*d.In)
	mustHold(d, "w", w, d.In*d.Out)
	mustHold(d, "b", b, d.bias())
	must(C.onednn_dense_forward(d.handle, ptr(y), ptr(x), ptr(w), ptr(b)), d, "forward")
}

func (d *oneDNNDense) BackwardData(dx, dy, w []float32) {
	mustPrepare(d, d.Inference || d.NoBackwardData, "backward data")
	mustHold(d, "dx", dx, d.N*d.In)
	mustHold(d, "dy", dy, d.N*d.Out)
	mustHold(d, "w", w, d.In*d.Out)
	must(C.onednn_dense_backward_data(d.handle, ptr(dx), ptr(dy), ptr(w)), d, "backward data")
}

func (d *oneDNNDense) BackwardWeights(dw, db, x, dy []float32) {
	mustPrepare(d, d.Inference, "backward weights")
	mustHold(d, "dw", dw, d.In*d.Out)
	mustHold(d, "db", db, d.bias())
	mustHold(d, "x", x, d.N*d.In)
	mustHold(d, "dy", dy, d.N*d.Out)
	must(C.onednn_dense_backward_weights(d.handle, ptr(dw), ptr(db), ptr(x), ptr(dy)), d,
		"backward weights")
}
