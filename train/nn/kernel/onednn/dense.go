//go:build onednn

package onednn

// #include "api.h"
import "C"

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

type dense struct {
	kernel.DenseShape
	handle *C.onednn_dense
}

// Dense prepares a fully connected layer on plain layouts.
func (e *engine) Dense(s kernel.DenseShape) (kernel.Dense[float32], error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	shape := C.onednn_dense_shape{
		n: C.int(s.N), in: C.int(s.In), out: C.int(s.Out),
		bias: cbool(s.Bias), relu: cbool(s.ReLU),
		inference: cbool(s.Inference), no_backward_data: cbool(s.NoBackwardData),
	}
	d := &dense{DenseShape: s}
	if msg := C.onednn_dense_new(e.handle, shape, &d.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return d, nil
}

func (d *dense) Forward(y, x, w, b []float32) {
	kernel.MustHold(d, "y", y, d.N*d.Out)
	kernel.MustHold(d, "x", x, d.N*d.In)
	kernel.MustHold(d, "w", w, d.Weights())
	kernel.MustHold(d, "b", b, d.Biases())
	must(C.onednn_dense_forward(d.handle, ptr(y), ptr(x), ptr(w), ptr(b)), d, "forward")
}

func (d *dense) BackwardData(dx, dy, w []float32) {
	kernel.MustPrepare(d, d.Inference || d.NoBackwardData, "backward data")
	kernel.MustHold(d, "dx", dx, d.N*d.In)
	kernel.MustHold(d, "dy", dy, d.N*d.Out)
	kernel.MustHold(d, "w", w, d.Weights())
	must(C.onednn_dense_backward_data(d.handle, ptr(dx), ptr(dy), ptr(w)), d, "backward data")
}

func (d *dense) BackwardWeights(dw, db, x, dy []float32) {
	kernel.MustPrepare(d, d.Inference, "backward weights")
	kernel.MustHold(d, "dw", dw, d.Weights())
	kernel.MustHold(d, "db", db, d.Biases())
	kernel.MustHold(d, "x", x, d.N*d.In)
	kernel.MustHold(d, "dy", dy, d.N*d.Out)
	must(C.onednn_dense_backward_weights(d.handle, ptr(dw), ptr(db), ptr(x), ptr(dy)), d,
		"backward weights")
}
