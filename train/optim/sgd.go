package optim

// SGDVector is the fast path of sgd.
type SGDVector interface {
	// SGD is w -= lr*g.
	SGD(w, g []float32, lr float32)
	// Momentum is v = momentum*v - lr*g, then w += v, or with nesterov
	// w += momentum*v - lr*g.
	Momentum(w, v, g []float32, lr, momentum float32, nesterov bool)
}

// sgd is Keras' SGD. With a momentum PyTorch's velocity is not scaled by the
// learning rate; while the rate does not change both take the same steps.
func sgd(o *optimizer, p Param, slots [][]float32, lr float64) {
	rate := float32(lr)
	if len(slots) > 0 {
		sgdMomentum(o, p, slots[0], rate)
		return
	}
	if fast, ok := o.cfg.Vector.(SGDVector); ok {
		fast.SGD(p.Value, p.Grad, rate)
		return
	}
	spread(o.cfg.Vector, len(p.Value), func(from, to int) {
		w, g := p.Value[from:to], p.Grad[from:to]
		for i := range w {
			w[i] -= rate * g[i]
		}
	})
}

func sgdMomentum(o *optimizer, p Param, velocity []float32, rate float32) {
	momentum, nesterov := float32(o.cfg.Momentum), o.cfg.Nesterov
	if fast, ok := o.cfg.Vector.(SGDVector); ok {
		fast.Momentum(p.Value, velocity, p.Grad, rate, momentum, nesterov)
		return
	}
	spread(o.cfg.Vector, len(p.Value), func(from, to int) {
		w, v, g := p.Value[from:to], velocity[from:to], p.Grad[from:to]
		for i := range w {
			step := rate * g[i]
			v[i] = momentum*v[i] - step
			if nesterov {
				w[i] += momentum*v[i] - step
			} else {
				w[i] += v[i]
			}
		}
	})
}
