package optim

import "math"

// AdamVector is the fast path of adam and adamw.
type AdamVector interface {
	// Adam is m += NewM*(g-m); v += NewV*(g*g-v);
	// w = w*Keep - Rate*m/(sqrt(v)+Epsilon).
	Adam(w, m, v, g []float32, s AdamStep)
}

// AdamStep has the numbers of one step of Adam or AdamW. NewM and NewV, like newV
// and newW elsewhere, are the shares of the new value, 1-beta: float32 holds
// 0.001 to seven digits, but 1-0.999 in float32 only to four.
type AdamStep struct {
	Rate       float32 // lr*sqrt(1-beta2^t)/(1-beta1^t)
	NewM, NewV float32 // 1-beta1, 1-beta2
	Epsilon    float32
	Keep       float32 // 1 - lr*decay for AdamW, 1 for Adam
}

// adam is Keras' Adam and AdamW. Epsilon is the epsilon-hat of Kingma and Ba
// 2014, section 2: it is added to sqrt(v) before the correction of its bias.
// PyTorch adds it afterwards, which makes its epsilon larger by
// 1/sqrt(1-beta2^t), 32 times at the first step. AdamW takes decay*lr of the
// weight off beforehand, as in Loshchilov and Hutter 2017; Keras and PyTorch
// agree on that.
func adam(o *optimizer, p Param, slots [][]float32, lr float64) {
	c, t := o.cfg, float64(o.step)
	s := AdamStep{
		Rate:    float32(lr * math.Sqrt(1-math.Pow(c.Beta2, t)) / (1 - math.Pow(c.Beta1, t))),
		NewM:    float32(1 - c.Beta1),
		NewV:    float32(1 - c.Beta2),
		Epsilon: float32(c.Epsilon),
		Keep:    float32(1 - lr*c.WeightDecay),
	}
	if fast, ok := c.Vector.(AdamVector); ok {
		fast.Adam(p.Value, slots[0], slots[1], p.Grad, s)
		return
	}
	spread(c.Vector, len(p.Value), func(from, to int) {
		w, g := p.Value[from:to], p.Grad[from:to]
		m, v := slots[0][from:to], slots[1][from:to]
		for i := range w {
			m[i] += s.NewM * (g[i] - m[i])
			v[i] += s.NewV * (g[i]*g[i] - v[i])
			w[i] = w[i]*s.Keep - s.Rate*m[i]/(sqrt(v[i])+s.Epsilon)
		}
	})
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
