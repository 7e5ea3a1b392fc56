//go:build onednn

package onednn

// #include "api.h"
import "C"

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
)

type normPool struct {
	kernel.NormPoolShape
	handle *C.onednn_norm_pool
}

var _ kernel.NormPooler[float32] = (*engine)(nil)

// NormPool prepares a batch normalisation whose result is only pooled.
func (e *engine) NormPool(s kernel.NormPoolShape) (kernel.NormPool[float32], error) {
	if err := s.Window.Check(s.In); err != nil {
		return nil, fmt.Errorf("onednn: %v: %w", s, err)
	}
	l := &normPool{NormPoolShape: s}
	pool := poolShape(kernel.PoolShape{In: s.In, Window: s.Window}, true)
	msg := C.onednn_norm_pool_new(e.handle, normShape(s.BatchNormShape), pool, &l.handle)
	if msg != nil {
		return nil, refused(msg, s)
	}
	return l, nil
}

func (l *normPool) check(y, x []float32, perChannel ...[]float32) {
	kernel.MustHold(l, "y or dy", y, l.Out().Len())
	kernel.MustHold(l, "x", x, l.In.Len())
	for _, p := range perChannel {
		kernel.MustHold(l, "a parameter", p, l.In.C)
	}
}

func (l *normPool) Train(y, x, gamma, beta, runMean, runVar []float32) {
	l.check(y, x, gamma, beta, runMean, runVar)
	must(C.onednn_norm_pool_train(l.handle, ptr(y), ptr(x), ptr(gamma), ptr(beta), ptr(runMean),
		ptr(runVar)), l, "train")
}

func (l *normPool) Backward(dx, dgamma, dbeta, dy, x, gamma []float32) {
	l.check(dy, x, gamma, dgamma, dbeta)
	kernel.MustHold(l, "dx", dx, l.In.Len())
	must(C.onednn_norm_pool_backward(l.handle, ptr(dx), ptr(dgamma), ptr(dbeta), ptr(dy), ptr(x),
		ptr(gamma)), l, "backward")
}
