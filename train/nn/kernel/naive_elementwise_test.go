package kernel

import "math"

func (naive) ReLU(y, x []float64, limit float64) {
	for i, v := range x {
		y[i] = math.Max(v, 0)
		if limit > 0 {
			y[i] = math.Min(y[i], limit)
		}
	}
}

func (naive) ReLUBackward(dx, dy, y []float64, limit float64) {
	for i, v := range y {
		if v > 0 && (limit <= 0 || v < limit) {
			dx[i] = dy[i]
			continue
		}
		dx[i] = 0
	}
}

func (naive) Rescale(y, x []float64, scale, offset float64) {
	for i, v := range x {
		y[i] = v*scale + offset
	}
}

func (naive) FromBytes(y []float64, x []uint8) {
	for i, v := range x {
		y[i] = float64(v)
	}
}

func (naive) Add(y, a, b []float64) {
	for i := range y {
		y[i] = a[i] + b[i]
	}
}

func (naive) Concat(y []float64, x [][]float64, rows int, channels []int) {
	y = y[:0]
	for r := range rows {
		for i, c := range channels {
			y = append(y, x[i][r*c:(r+1)*c]...)
		}
	}
}

func (naive) Split(dx [][]float64, dy []float64, rows int, channels []int) {
	for r := range rows {
		for i, c := range channels {
			if dx[i] != nil {
				copy(dx[i][r*c:(r+1)*c], dy)
			}
			dy = dy[c:]
		}
	}
}

func (naive) ToNCHW(y, x []float64, s ImageShape) {
	outputs(s, func(n, h, w, c int) { y[((n*s.C+c)*s.H+h)*s.W+w] = x[s.at(n, h, w, c)] })
}

func (naive) ToNHWC(y, x []float64, s ImageShape) {
	outputs(s, func(n, h, w, c int) { y[s.at(n, h, w, c)] = x[((n*s.C+c)*s.H+h)*s.W+w] })
}

func (naive) Dropout(y, x []float64, rate float64, seed uint64) {
	for i, v := range x {
		y[i] = 0
		if DropoutKeeps(rate, seed, i) {
			y[i] = v / (1 - rate)
		}
	}
}

func (naive) Softmax(y, x []float64, k int) {
	for i := 0; i < len(x); i += k {
		top, sum := math.Inf(-1), 0.0
		for _, v := range x[i : i+k] {
			top = max(top, v)
		}
		for _, v := range x[i : i+k] {
			sum += math.Exp(v - top)
		}
		for j, v := range x[i : i+k] {
			y[i+j] = math.Exp(v-top) / sum
		}
	}
}
