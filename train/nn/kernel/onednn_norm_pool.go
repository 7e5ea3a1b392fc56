//go:build onednn

package kernel

// #include "onednn.h"
import "C"

import "fmt"

type oneDNNNormPool struct {
	NormPoolShape
	handle *C.onednn_norm_pool
}

var _ NormPooler[float32] = (*oneDNN)(nil)

// NormPool prepares a batch normalisation whose result is only pooled.
func (e *oneDNN) NormPool(s NormPoolShape) (NormPool[float32], error) {
	if err := s.Window.check(s.In); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	l := &oneDNNNormPool{NormPoolShape: s}
	pool := poolShape(PoolShape{In: s.In, Window: s.Window}, true)
	if msg := C.onednn_norm_pool_new(e.handle, normShape(s.BatchNormShape), pool, &l.handle); msg != nil {
		return nil, refused(msg, s)
	}
	return l, nil
}

func (l *oneDNNNormPool) check(y, x []float32, perChannel ...[]float32) {
	mustHold(l, "y or dy", y, l.Out().Len())
	mustHold(l, "x", x, l.In.Len())
	for _, p := range perChannel {
		mustHold(l, "a parameter", p, l.In.C)
	}
}

func (l *oneDNNNormPool) Train(y, x, gamma, beta, runMean, runVar []float32) {
	l.check(y, x, gamma, beta, runMean, runVar)
	must(C.onednn_norm_pool_train(l.handle, ptr(y), ptr(x), ptr(gamma), ptr(beta), ptr(runMean),
		ptr(runVar)), l, "train")
}

func (l *oneDNNNormPool) Backward(dx, dgamma, dbeta, dy, x, gamma []float32) {
	l.check(dy, x, gamma, dgamma, dbeta)
	mustHold(l, "dx", dx, l.In.Len())
	must(C.onednn_norm_pool_backward(l.handle, ptr(dx), ptr(dgamma), ptr(dbeta), ptr(dy), ptr(x),
		ptr(gamma)), l, "backward")
}
