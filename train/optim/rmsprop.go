package optim

// RMSpropVector is the fast path of rmsprop.
type RMSpropVector interface {
	// RMSprop is v += newV*(g*g-v); w -= lr*g/(sqrt(v)+epsilon).
	RMSprop(w, v, g []float32, lr, newV, epsilon float32)
}

// rmsprop is that of Keras 2.7, without momentum and not centred (Hinton 2012):
// epsilon is added to the root, as in PyTorch. Keras 2.11 and later add it to v.
func rmsprop(o *optimizer, p Param, slots [][]float32, lr float64) {
	rate, newV, epsilon := float32(lr), float32(1-o.cfg.Rho), float32(o.cfg.Epsilon)
	if fast, ok := o.cfg.Vector.(RMSpropVector); ok {
		fast.RMSprop(p.Value, slots[0], p.Grad, rate, newV, epsilon)
		return
	}
	spread(o.cfg.Vector, len(p.Value), func(from, to int) {
		w, v, g := p.Value[from:to], slots[0][from:to], p.Grad[from:to]
		for i := range w {
			v[i] += newV * (g[i]*g[i] - v[i])
			w[i] -= rate * g[i] / (sqrt(v[i]) + epsilon)
		}
	})
}
