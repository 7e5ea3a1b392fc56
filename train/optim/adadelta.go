package optim

// AdadeltaVector is the fast path of adadelta.
type AdadeltaVector interface {
	// Adadelta is v += newV*(g*g-v); d = g*sqrt(u+epsilon)/sqrt(v+epsilon);
	// u += newV*(d*d-u); w -= lr*d.
	Adadelta(w, v, u, g []float32, lr, newV, epsilon float32)
}

// adadelta is Zeiler 2012 with a learning rate, as in Keras and PyTorch.
func adadelta(o *optimizer, p Param, slots [][]float32, lr float64) {
	rate, newV, epsilon := float32(lr), float32(1-o.cfg.Rho), float32(o.cfg.Epsilon)
	if fast, ok := o.cfg.Vector.(AdadeltaVector); ok {
		fast.Adadelta(p.Value, slots[0], slots[1], p.Grad, rate, newV, epsilon)
		return
	}
	spread(o.cfg.Vector, len(p.Value), func(from, to int) {
		w, g := p.Value[from:to], p.Grad[from:to]
		v, u := slots[0][from:to], slots[1][from:to]
		for i := range w {
			v[i] += newV * (g[i]*g[i] - v[i])
			d := g[i] * sqrt(u[i]+epsilon) / sqrt(v[i]+epsilon)
			u[i] += newV * (d*d - u[i])
			w[i] -= rate * d
		}
	})
}
