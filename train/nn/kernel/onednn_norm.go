//go:build onednn

package kernel

// #include "onednn.h"
import "C"

import "fmt"

type oneDNNNorm struct {
	BatchNormShape
	handle *C.onednn_norm
}

// BatchNorm prepares a batch normalisation. Sums are float32 over a few rows and
// float64 over those.
func (e *oneDNN) BatchNorm(s BatchNormShape) (BatchNorm[float32], error) {
	if err := s.In.check(); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	l := &oneDNNNorm{BatchNormShape: s}
	if msg := C.onednn_norm_new(e.handle, normShape(s), &l.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return l, nil
}

func normShape(s BatchNormShape) C.onednn_norm_shape {
	return C.onednn_norm_shape{
		rows: C.size_t(s.In.N * s.In.H * s.In.W), c: C.int(s.In.C),
		epsilon: C.double(s.Epsilon), momentum: C.double(s.Momentum),
		input_relu: cbool(s.InputReLU),
	}
}

func (l *oneDNNNorm) check(y, x []float32, perChannel ...[]float32) {
	mustHold(l, "y or dy", y, l.In.Len())
	mustHold(l, "x", x, l.In.Len())
	for _, p := range perChannel {
		mustHold(l, "a parameter", p, l.In.C)
	}
}

// checkGradients allows each of the results to be nil.
func (l *oneDNNNorm) checkGradients(dx, dgamma, dbeta []float32) {
	if dx != nil {
		mustHold(l, "dx", dx, l.In.Len())
	}
	if dgamma != nil {
		mustHold(l, "dgamma", dgamma, l.In.C)
	}
	if dbeta != nil {
		mustHold(l, "dbeta", dbeta, l.In.C)
	}
}

func (l *oneDNNNorm) Train(y, x, gamma, beta, runMean, runVar []float32) {
	l.check(y, x, gamma, beta, runMean, runVar)
	must(C.onednn_norm_train(l.handle, ptr(y), ptr(x), ptr(gamma), ptr(beta), ptr(runMean),
		ptr(runVar)), l, "train")
}

func (l *oneDNNNorm) Frozen(y, x, gamma, beta, runMean, runVar []float32) {
	l.check(y, x, gamma, beta, runMean, runVar)
	must(C.onednn_norm_frozen(l.handle, ptr(y), ptr(x), ptr(gamma), ptr(beta), ptr(runMean),
		ptr(runVar)), l, "frozen")
}

func (l *oneDNNNorm) Backward(dx, dgamma, dbeta, dy, x, gamma []float32) {
	l.check(dy, x, gamma)
	l.checkGradients(dx, dgamma, dbeta)
	must(C.onednn_norm_backward(l.handle, ptr(dx), ptr(dgamma), ptr(dbeta), ptr(dy), ptr(x),
		ptr(gamma)), l, "backward")
}

func (l *oneDNNNorm) FrozenBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []float32) {
	l.check(dy, x, gamma, runMean, runVar)
	l.checkGradients(dx, dgamma, dbeta)
	must(C.onednn_norm_frozen_backward(l.handle, ptr(dx), ptr(dgamma), ptr(dbeta), ptr(dy),
		ptr(x), ptr(gamma), ptr(runMean), ptr(runVar)), l, "frozen backward")
}
