//go:build onednn

package onednn

// #include "api.h"
import "C"

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

type norm struct {
	kernel.BatchNormShape
	handle *C.onednn_norm
}

// BatchNorm prepares a batch normalisation. Sums are float32 over a few rows and
// float64 over those.
func (e *engine) BatchNorm(s kernel.BatchNormShape) (kernel.BatchNorm[float32], error) {
	if err := s.In.Check(); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	l := &norm{BatchNormShape: s}
	if msg := C.onednn_norm_new(e.handle, normShape(s), &l.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return l, nil
}

func normShape(s kernel.BatchNormShape) C.onednn_norm_shape {
	return C.onednn_norm_shape{
		rows: C.size_t(s.In.N * s.In.H * s.In.W), c: C.int(s.In.C),
		epsilon: C.double(s.Epsilon), momentum: C.double(s.Momentum),
		input_relu: cbool(s.InputReLU), relu: cbool(s.ReLU), max: C.float(s.Max),
	}
}

func (l *norm) check(y, x []float32, perChannel ...[]float32) {
	kernel.MustHold(l, "y or dy", y, l.In.Len())
	kernel.MustHold(l, "x", x, l.In.Len())
	for _, p := range perChannel {
		kernel.MustHold(l, "a parameter", p, l.In.C)
	}
}

// checkGradients allows each of the results to be nil.
func (l *norm) checkGradients(dx, dgamma, dbeta []float32) {
	if dx != nil {
		kernel.MustHold(l, "dx", dx, l.In.Len())
	}
	if dgamma != nil {
		kernel.MustHold(l, "dgamma", dgamma, l.In.C)
	}
	if dbeta != nil {
		kernel.MustHold(l, "dbeta", dbeta, l.In.C)
	}
}

func (l *norm) Train(y, x, gamma, beta, runMean, runVar []float32) {
	l.check(y, x, gamma, beta, runMean, runVar)
	must(C.onednn_norm_train(l.handle, ptr(y), ptr(x), ptr(gamma), ptr(beta), ptr(runMean),
		ptr(runVar)), l, "train")
}

func (l *norm) Frozen(y, x, gamma, beta, runMean, runVar []float32) {
	l.check(y, x, gamma, beta, runMean, runVar)
	must(C.onednn_norm_frozen(l.handle, ptr(y), ptr(x), ptr(gamma), ptr(beta), ptr(runMean),
		ptr(runVar)), l, "frozen")
}

func (l *norm) Backward(dx, dgamma, dbeta, dy, x, gamma []float32) {
	l.check(dy, x, gamma)
	l.checkGradients(dx, dgamma, dbeta)
	must(C.onednn_norm_backward(l.handle, ptr(dx), ptr(dgamma), ptr(dbeta), ptr(dy), ptr(x),
		ptr(gamma)), l, "backward")
}

func (l *norm) FrozenBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []float32) {
	l.check(dy, x, gamma, runMean, runVar)
	l.checkGradients(dx, dgamma, dbeta)
	must(C.onednn_norm_frozen_backward(l.handle, ptr(dx), ptr(dgamma), ptr(dbeta), ptr(dy),
		ptr(x), ptr(gamma), ptr(runMean), ptr(runVar)), l, "frozen backward")
}
