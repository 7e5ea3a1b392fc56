package kernel

import "math"

// naive is the engine that the others are measured by: each value straight from
// its formula, in float64, in the order of the formula.
type naive struct{}

var _ Engine[float64] = naive{}

func (naive) Name() string { return "naive" }
func (naive) Threads() int { return 1 }
func (naive) Close() error { return nil }

func (naive) Conv(s ConvShape) (Conv[float64], error) { return naiveConv{s}, nil }
func (naive) Dense(s DenseShape) (Dense[float64], error) {
	return naiveDense{s}, nil
}
func (naive) BatchNorm(s BatchNormShape) (BatchNorm[float64], error) { return naiveNorm{s}, nil }
func (naive) MaxPool(s PoolShape) (MaxPool[float64], error) {
	return &naiveMaxPool{PoolShape: s}, nil
}
func (naive) AvgPool(s PoolShape) (AvgPool[float64], error) { return naiveAvgPool{s}, nil }
func (naive) GlobalAvgPool(s ImageShape) (AvgPool[float64], error) {
	return naiveAvgPool{PoolShape{In: s, Window: Window{Kernel: [2]int{s.H, s.W}, Stride: [2]int{1, 1}}}}, nil
}

func (s ImageShape) at(n, h, w, c int) int { return ((n*s.H+h)*s.W+w)*s.C + c }

// outputs calls f for every output value.
func outputs(s ImageShape, f func(n, h, w, c int)) {
	for n := range s.N {
		for h := range s.H {
			for w := range s.W {
				for c := range s.C {
					f(n, h, w, c)
				}
			}
		}
	}
}

// taps calls f for every place of the window at (oh, ow) that is on the image.
func (g Window) taps(s ImageShape, oh, ow int, f func(h, w, kh, kw int)) {
	for kh := range g.Kernel[0] {
		for kw := range g.Kernel[1] {
			h, w := oh*g.Stride[0]+kh-g.Pads[0], ow*g.Stride[1]+kw-g.Pads[1]
			if h >= 0 && h < s.H && w >= 0 && w < s.W {
				f(h, w, kh, kw)
			}
		}
	}
}

type naiveConv struct{ s ConvShape }

// products calls f for every product of the formula.
func (c naiveConv) products(f func(x, w, y int)) {
	s := c.s
	in, filters := s.In.C/s.Groups, s.Filters/s.Groups
	outputs(s.Out(), func(n, oh, ow, o int) {
		s.taps(s.In, oh, ow, func(h, w, kh, kw int) {
			for i := range in {
				f(s.In.at(n, h, w, o/filters*in+i),
					((o*in+i)*s.Kernel[0]+kh)*s.Kernel[1]+kw, s.Out().at(n, oh, ow, o))
			}
		})
	})
}

func (c naiveConv) Forward(y, x, w, b []float64) {
	for i := range y {
		y[i] = 0
		if c.s.Bias {
			y[i] = b[i%c.s.Filters]
		}
	}
	c.products(func(xi, wi, yi int) { y[yi] += x[xi] * w[wi] })
	if c.s.ReLU {
		naive{}.ReLU(y, y, 0)
	}
}

func (c naiveConv) BackwardData(dx, dy, w []float64) {
	clear(dx)
	c.products(func(xi, wi, yi int) { dx[xi] += dy[yi] * w[wi] })
}

func (c naiveConv) BackwardWeights(dw, db, x, dy []float64) {
	clear(dw)
	clear(db)
	c.products(func(xi, wi, yi int) { dw[wi] += dy[yi] * x[xi] })
	for i, d := range dy {
		if c.s.Bias {
			db[i%c.s.Filters] += d
		}
	}
}

type naiveDense struct{ s DenseShape }

func (d naiveDense) products(f func(x, w, y int)) {
	for n := range d.s.N {
		for o := range d.s.Out {
			for i := range d.s.In {
				f(n*d.s.In+i, o*d.s.In+i, n*d.s.Out+o)
			}
		}
	}
}

func (d naiveDense) Forward(y, x, w, b []float64) {
	for i := range y {
		y[i] = 0
		if d.s.Bias {
			y[i] = b[i%d.s.Out]
		}
	}
	d.products(func(xi, wi, yi int) { y[yi] += x[xi] * w[wi] })
	if d.s.ReLU {
		naive{}.ReLU(y, y, 0)
	}
}

func (d naiveDense) BackwardData(dx, dy, w []float64) {
	clear(dx)
	d.products(func(xi, wi, yi int) { dx[xi] += dy[yi] * w[wi] })
}

func (d naiveDense) BackwardWeights(dw, db, x, dy []float64) {
	clear(dw)
	clear(db)
	d.products(func(xi, wi, yi int) { dw[wi] += dy[yi] * x[xi] })
	for i, g := range dy {
		if d.s.Bias {
			db[i%d.s.Out] += g
		}
	}
}

type naiveNorm struct{ s BatchNormShape }

// batch is the mean and variance of each channel.
func (b naiveNorm) batch(x []float64) (mean, variance []float64) {
	c := b.s.In.C
	n := float64(len(x) / c)
	mean, variance = make([]float64, c), make([]float64, c)
	for i, v := range x {
		mean[i%c] += v / n
	}
	for i, v := range x {
		variance[i%c] += (v - mean[i%c]) * (v - mean[i%c]) / n
	}
	return mean, variance
}

func (b naiveNorm) Train(y, x, gamma, beta, runMean, runVar []float64) {
	mean, variance := b.batch(x)
	b.Frozen(y, x, gamma, beta, mean, variance)
	for c := range mean {
		runMean[c] = b.s.Momentum*runMean[c] + (1-b.s.Momentum)*mean[c]
		runVar[c] = b.s.Momentum*runVar[c] + (1-b.s.Momentum)*variance[c]
	}
}

func (b naiveNorm) Frozen(y, x, gamma, beta, runMean, runVar []float64) {
	for i, v := range x {
		c := i % b.s.In.C
		y[i] = gamma[c]*(v-runMean[c])/math.Sqrt(runVar[c]+b.s.Epsilon) + beta[c]
	}
}

// Backward is the chain rule as Ioffe and Szegedy wrote it (Batch Normalization,
// 2015, section 3): through the normalised value, the variance and the mean.
func (b naiveNorm) Backward(dx, dgamma, dbeta, dy, x, gamma []float64) {
	mean, variance := b.batch(x)
	c := b.s.In.C
	n := float64(len(x) / c)
	dVar, dMean := make([]float64, c), make([]float64, c)
	for i, v := range x {
		c := i % c
		inv := 1 / math.Sqrt(variance[c]+b.s.Epsilon)
		dVar[c] += dy[i] * gamma[c] * (v - mean[c]) * -0.5 * inv * inv * inv
		dMean[c] -= dy[i] * gamma[c] * inv
	}
	b.FrozenBackward(dx, dgamma, dbeta, dy, x, gamma, mean, variance)
	for i := range dx {
		c := i % c
		if !b.s.InputReLU || x[i] > 0 {
			dx[i] += dVar[c]*2*(x[i]-mean[c])/n + dMean[c]/n
		}
	}
}

func (b naiveNorm) FrozenBackward(dx, dgamma, dbeta, dy, x, gamma, runMean, runVar []float64) {
	clear(dgamma)
	clear(dbeta)
	for i, v := range x {
		c := i % b.s.In.C
		inv := 1 / math.Sqrt(runVar[c]+b.s.Epsilon)
		if dgamma != nil {
			dgamma[c] += dy[i] * (v - runMean[c]) * inv
		}
		if dbeta != nil {
			dbeta[c] += dy[i]
		}
		if dx != nil {
			dx[i] = dy[i] * gamma[c] * inv
			if b.s.InputReLU && x[i] <= 0 {
				dx[i] = 0
			}
		}
	}
}

type naiveMaxPool struct {
	PoolShape
	x []float64
}

// winner is the place in x of the first maximum of a window, or first NaN.
func (p *naiveMaxPool) winner(n, oh, ow, c int) (best int) {
	best = -1
	p.taps(p.In, oh, ow, func(h, w, _, _ int) {
		at := p.In.at(n, h, w, c)
		if best < 0 || p.x[at] > p.x[best] || math.IsNaN(p.x[at]) && !math.IsNaN(p.x[best]) {
			best = at
		}
	})
	return best
}

func (p *naiveMaxPool) Forward(y, x []float64) {
	p.x = x
	outputs(p.Out(), func(n, h, w, c int) { y[p.Out().at(n, h, w, c)] = x[p.winner(n, h, w, c)] })
}

func (p *naiveMaxPool) Backward(dx, dy, _ []float64) {
	clear(dx)
	outputs(p.Out(), func(n, h, w, c int) {
		winner := p.winner(n, h, w, c)
		if !p.InputReLU || p.x[winner] > 0 {
			dx[winner] += dy[p.Out().at(n, h, w, c)]
		}
	})
}

type naiveAvgPool struct{ PoolShape }

func (p naiveAvgPool) Forward(y, x []float64) {
	outputs(p.Out(), func(n, oh, ow, c int) {
		sum, count := 0.0, 0
		p.taps(p.In, oh, ow, func(h, w, _, _ int) { sum, count = sum+x[p.In.at(n, h, w, c)], count+1 })
		y[p.Out().at(n, oh, ow, c)] = sum / float64(count)
	})
}

func (p naiveAvgPool) Backward(dx, dy []float64) {
	clear(dx)
	outputs(p.Out(), func(n, oh, ow, c int) {
		count := 0
		p.taps(p.In, oh, ow, func(_, _, _, _ int) { count++ })
		p.taps(p.In, oh, ow, func(h, w, _, _ int) {
			dx[p.In.at(n, h, w, c)] += dy[p.Out().at(n, oh, ow, c)] / float64(count)
		})
	})
}
