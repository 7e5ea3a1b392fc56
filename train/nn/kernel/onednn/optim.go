//go:build onednn

package onednn

// #include "api.h"
import "C"

import "github.com/flowerctl/flowerctl/train/optim"

// The fast paths of package optim. An optimizer without one here runs in Go.
var (
	_ optim.Vector         = (*engine)(nil)
	_ optim.SGDVector      = (*engine)(nil)
	_ optim.AdamVector     = (*engine)(nil)
	_ optim.RMSpropVector  = (*engine)(nil)
	_ optim.AdagradVector  = (*engine)(nil)
	_ optim.AdadeltaVector = (*engine)(nil)
)

func (e *engine) SGD(w, g []float32, lr float32) {
	mustMatch(layer("sgd"), w, g)
	must(C.onednn_sgd(e.handle, ptr(w), ptr(g), C.size_t(len(w)), C.float(lr)), layer("sgd"), "run")
}

func (e *engine) Momentum(w, v, g []float32, lr, momentum float32, nesterov bool) {
	mustMatch(layer("momentum"), w, v, g)
	must(C.onednn_momentum(e.handle, ptr(w), ptr(v), ptr(g), C.size_t(len(w)),
		C.float(lr), C.float(momentum), cbool(nesterov)), layer("momentum"), "run")
}

func (e *engine) Adam(w, m, v, g []float32, s optim.AdamStep) {
	mustMatch(layer("adam"), w, m, v, g)
	step := C.onednn_adam_step{
		rate: C.float(s.Rate), new_m: C.float(s.NewM), new_v: C.float(s.NewV),
		epsilon: C.float(s.Epsilon), keep: C.float(s.Keep),
	}
	must(C.onednn_adam(e.handle, ptr(w), ptr(m), ptr(v), ptr(g), C.size_t(len(w)),
		step), layer("adam"), "run")
}

func (e *engine) RMSprop(w, v, g []float32, lr, newV, epsilon float32) {
	mustMatch(layer("rmsprop"), w, v, g)
	must(C.onednn_rmsprop(e.handle, ptr(w), ptr(v), ptr(g), C.size_t(len(w)),
		C.float(lr), C.float(newV), C.float(epsilon)), layer("rmsprop"), "run")
}

func (e *engine) Adagrad(w, v, g []float32, lr, epsilon float32) {
	mustMatch(layer("adagrad"), w, v, g)
	must(C.onednn_adagrad(e.handle, ptr(w), ptr(v), ptr(g), C.size_t(len(w)),
		C.float(lr), C.float(epsilon)), layer("adagrad"), "run")
}

func (e *engine) Adadelta(w, v, u, g []float32, lr, newV, epsilon float32) {
	mustMatch(layer("adadelta"), w, v, u, g)
	must(C.onednn_adadelta(e.handle, ptr(w), ptr(v), ptr(u), ptr(g),
		C.size_t(len(w)), C.float(lr), C.float(newV), C.float(epsilon)), layer("adadelta"), "run")
}

func (e *engine) SumSquares(x []float32) float64 {
	must(C.onednn_sum_squares(e.handle, ptr(x), C.size_t(len(x)), &e.sum),
		layer("sum of squares"), "run")
	return float64(e.sum)
}

func (e *engine) Scale(x []float32, s float32) {
	must(C.onednn_scale(e.handle, ptr(x), C.size_t(len(x)), C.float(s)), layer("scale"), "run")
}

func (e *engine) EMA(average, w []float32, newW float32) {
	mustMatch(layer("ema"), average, w)
	must(C.onednn_ema(e.handle, ptr(average), ptr(w), C.size_t(len(w)), C.float(newW)),
		layer("ema"), "run")
}
