package optim

// AdagradVector is the fast path of adagrad.
type AdagradVector interface {
	// Adagrad is v += g*g; w -= lr*g/(sqrt(v)+epsilon).
	Adagrad(w, v, g []float32, lr, epsilon float32)
}

// adagrad is that of Keras 2.7 (Duchi 2011): epsilon is added to the root, as in
// PyTorch. Keras 2.11 and later add it to v.
func adagrad(o *optimizer, p Param, slots [][]float32, lr float64) {
	rate, epsilon := float32(lr), float32(o.cfg.Epsilon)
	if fast, ok := o.cfg.Vector.(AdagradVector); ok {
		fast.Adagrad(p.Value, slots[0], p.Grad, rate, epsilon)
		return
	}
	spread(o.cfg.Vector, len(p.Value), func(from, to int) {
		w, v, g := p.Value[from:to], slots[0][from:to], p.Grad[from:to]
		for i := range w {
			v[i] += g[i] * g[i]
			w[i] -= rate * g[i] / (sqrt(v[i]) + epsilon)
		}
	})
}
