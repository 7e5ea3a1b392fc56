//go:build onednn

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func newOneDNN(t testing.TB, threads int) *oneDNN {
	t.Helper()
	e, err := NewOneDNN(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e.(*oneDNN)
}

func noise(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	scale := 0.0
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= 1e-4*scale) {
			t.Fatalf("%s: value %d of %d is %v, want %v", what, i, len(want), got[i], w)
		}
	}
}

func TestOneDNNConvAgainstLoops(t *testing.T) {
	shapes := []ConvShape{
		{In: ImageShape{2, 9, 7, 3}, Filters: 5, Window: Window{[2]int{3, 2}, [2]int{2, 1}, [4]int{1, 0, 2, 1}}, Groups: 1, Bias: true, ReLU: true},
		{In: ImageShape{3, 11, 13, 16}, Filters: 32, Window: Window{[2]int{3, 3}, [2]int{1, 1}, [4]int{1, 1, 1, 1}}, Groups: 1, Bias: true},
		{In: ImageShape{2, 31, 31, 3}, Filters: 96, Window: Window{[2]int{11, 11}, [2]int{4, 4}, [4]int{}}, Groups: 1, Bias: true, ReLU: true},
		{In: ImageShape{1, 5, 5, 8}, Filters: 8, Window: Window{[2]int{3, 3}, [2]int{1, 1}, [4]int{1, 1, 1, 1}}, Groups: 8},
		{In: ImageShape{1, 1, 1, 7}, Filters: 9, Window: Window{[2]int{1, 1}, [2]int{1, 1}, [4]int{}}, Groups: 1, Bias: true},
		{In: ImageShape{2, 6, 6, 12}, Filters: 18, Window: Window{[2]int{1, 1}, [2]int{2, 2}, [4]int{}}, Groups: 3},
	}
	e := newOneDNN(t, 2)
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range shapes {
		c, err := e.Conv(s)
		if err != nil {
			t.Fatal(err)
		}
		name := c.(*oneDNNConv).String()
		out := s.Out()
		cg, og := s.In.C/s.Groups, s.Filters/s.Groups
		x, w := noise(r, s.In.Len()), noise(r, s.Filters*cg*s.Kernel[0]*s.Kernel[1])
		dy := noise(r, out.Len())
		var b []float32
		if s.Bias {
			b = noise(r, s.Filters)
		}
		y64, dx64, dw64, db64 := make([]float64, out.Len()), make([]float64, len(x)), make([]float64, len(w)), make([]float64, len(b))
		for n := range out.N {
			for oh := range out.H {
				for ow := range out.W {
					for o := range out.C {
						yi := ((n*out.H+oh)*out.W+ow)*out.C + o
						if s.Bias {
							y64[yi] = float64(b[o])
							db64[o] += float64(dy[yi])
						}
						for kh := range s.Kernel[0] {
							for kw := range s.Kernel[1] {
								h, wd := oh*s.Stride[0]-s.Pads[0]+kh, ow*s.Stride[1]-s.Pads[1]+kw
								if h < 0 || h >= s.In.H || wd < 0 || wd >= s.In.W {
									continue
								}
								for ci := range cg {
									xi := ((n*s.In.H+h)*s.In.W+wd)*s.In.C + o/og*cg + ci
									wi := ((o*cg+ci)*s.Kernel[0]+kh)*s.Kernel[1] + kw
									y64[yi] += float64(x[xi]) * float64(w[wi])
									dx64[xi] += float64(dy[yi]) * float64(w[wi])
									dw64[wi] += float64(dy[yi]) * float64(x[xi])
								}
							}
						}
						if s.ReLU {
							y64[yi] = max(y64[yi], 0)
						}
					}
				}
			}
		}
		y, dx, dw, db := make([]float32, len(y64)), make([]float32, len(x)), make([]float32, len(w)), make([]float32, len(b))
		c.Forward(y, x, w, b)
		near(t, name+": y", y, y64)
		c.BackwardData(dx, dy, w)
		near(t, name+": dx", dx, dx64)
		c.BackwardWeights(dw, db, x, dy)
		near(t, name+": dw", dw, dw64)
		near(t, name+": db", db, db64)
	}
}
