package optim

import "math"

// sgd is Keras' SGD. With a momentum PyTorch's velocity is not scaled by the
// learning rate; while the rate stays the same both walk the same way.
func sgd(o *optimizer, p Param, slots [][]float32, lr float64) {
	if len(slots) == 0 {
		o.cfg.Vector.SGD(p.Value, p.Grad, float32(lr))
		return
	}
	o.cfg.Vector.Momentum(p.Value, slots[0], p.Grad, float32(lr), float32(o.cfg.Momentum), o.cfg.Nesterov)
}

// adam is Keras' Adam and AdamW. Epsilon is the epsilon-hat of Kingma and Ba
// 2014, section 2: it is added to sqrt(v) before the correction of its bias.
// PyTorch adds it afterwards, which makes its epsilon larger by
// 1/sqrt(1-beta2^t), 32 times at the first step. AdamW takes decay*lr of the
// weight off beforehand, as in Loshchilov and Hutter 2017; both agree on that.
func adam(o *optimizer, p Param, slots [][]float32, lr float64) {
	c, t := o.cfg, float64(o.step)
	c.Vector.Adam(p.Value, slots[0], slots[1], p.Grad, AdamStep{
		Rate:    float32(lr * math.Sqrt(1-math.Pow(c.Beta2, t)) / (1 - math.Pow(c.Beta1, t))),
		NewM:    float32(1 - c.Beta1),
		NewV:    float32(1 - c.Beta2),
		Epsilon: float32(c.Epsilon),
		Keep:    float32(1 - lr*c.WeightDecay),
	})
}

// rmsprop is that of Keras 2.7, without momentum and not centred (Hinton 2012):
// epsilon is added to the root, as in PyTorch. Keras 2.11 and later add it to v.
func rmsprop(o *optimizer, p Param, slots [][]float32, lr float64) {
	o.cfg.Vector.RMSprop(p.Value, slots[0], p.Grad,
		float32(lr), float32(1-o.cfg.Rho), float32(o.cfg.Epsilon))
}

// adagrad is that of Keras 2.7 (Duchi 2011): epsilon is added to the root, as in
// PyTorch. Keras 2.11 and later add it to v.
func adagrad(o *optimizer, p Param, slots [][]float32, lr float64) {
	o.cfg.Vector.Adagrad(p.Value, slots[0], p.Grad, float32(lr), float32(o.cfg.Epsilon))
}

// adadelta is Zeiler 2012 with a learning rate, as in Keras and PyTorch.
func adadelta(o *optimizer, p Param, slots [][]float32, lr float64) {
	o.cfg.Vector.Adadelta(p.Value, slots[0], slots[1], p.Grad,
		float32(lr), float32(1-o.cfg.Rho), float32(o.cfg.Epsilon))
}
