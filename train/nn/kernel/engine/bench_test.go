package engine_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
	"github.com/flowerctl/flowerctl/train/optim"
)

// The benchmarks are by pass and shape. Each runs the Go engine and the fastest that
// the tests were built with in turns, and reports what each reached in its fastest
// pass, and how many times the Go engine's time is the other's: other work on the
// machine disturbs that least. Run one layer with
//
//	go test -tags=onednn -run '^$' -bench 'Conv.*/v7-base' ./train/nn/kernel/engine

// benchEngines times a pass on each engine; work is its multiply-adds, or else the
// bytes that it reads and writes.
func benchEngines(b *testing.B, name string, work int, unit string,
	prepare func(e kernel.Engine[float32]) (pass func())) {

	b.Run(name, func(b *testing.B) {
		engines := []kernel.Engine[float32]{generic.New[float32](0)}
		fastest, err := engine.Default(0)
		if err != nil {
			b.Fatal(err)
		}
		if fastest.Name() != "go" {
			engines = append(engines, fastest)
		}
		passes, least := make([]func(), len(engines)), make([]time.Duration, len(engines))
		for i, e := range engines {
			defer e.Close()
			passes[i], least[i] = prepare(e), math.MaxInt64
			passes[i]()
		}
		for b.Loop() {
			for i, pass := range passes {
				start := time.Now()
				pass()
				least[i] = min(least[i], time.Since(start))
			}
		}
		for i, e := range engines {
			kind, _, _ := strings.Cut(e.Name(), " ")
			b.ReportMetric(float64(work)/float64(least[i]), kind+"-"+unit)
		}
		if len(engines) > 1 {
			b.ReportMetric(float64(least[0])/float64(least[1]), "times-slower")
		}
	})
}

func benchConv(b *testing.B, run func(c kernel.Conv[float32], x, w, bias, y []float32)) {
	for _, s := range benchConvs {
		s.Groups = max(s.Groups, 1)
		s.Bias = true
		flops := 2 * s.Out().Len() * s.Weights() / s.Filters
		benchEngines(b, s.name, flops, "GFLOP/s", func(e kernel.Engine[float32]) func() {
			c, err := e.Conv(s.ConvShape)
			if err != nil {
				b.Fatal(err)
			}
			x, w := numbers("x", s.In.Len()), numbers("w", s.Weights())
			bias, y := numbers("b", s.Filters), numbers("y", s.Out().Len())
			return func() { run(c, x, w, bias, y) }
		})
	}
}

func BenchmarkConvForward(b *testing.B) {
	benchConv(b, func(c kernel.Conv[float32], x, w, bias, y []float32) { c.Forward(y, x, w, bias) })
}

func BenchmarkConvBackwardData(b *testing.B) {
	all := benchConvs
	defer func() { benchConvs = all }()
	benchConvs = nil
	for _, s := range all {
		if !s.NoBackwardData {
			benchConvs = append(benchConvs, s)
		}
	}
	benchConv(b, func(c kernel.Conv[float32], x, w, _, y []float32) { c.BackwardData(x, y, w) })
}

func BenchmarkConvBackwardWeights(b *testing.B) {
	benchConv(b, func(c kernel.Conv[float32], x, w, bias, y []float32) {
		c.BackwardWeights(w, bias, x, y)
	})
}

func benchDense(b *testing.B, run func(d kernel.Dense[float32], x, w, bias, y []float32)) {
	for _, s := range benchDenses {
		benchEngines(b, s.name, 2*s.N*s.In*s.Out, "GFLOP/s", func(e kernel.Engine[float32]) func() {
			d, err := e.Dense(s.DenseShape)
			if err != nil {
				b.Fatal(err)
			}
			x, w := numbers("x", s.N*s.In), numbers("w", s.Weights())
			bias, y := numbers("b", s.Out), numbers("y", s.N*s.Out)
			return func() { run(d, x, w, bias, y) }
		})
	}
}

func BenchmarkDenseForward(b *testing.B) {
	benchDense(b, func(d kernel.Dense[float32], x, w, bias, y []float32) { d.Forward(y, x, w, bias) })
}

func BenchmarkDenseBackwardData(b *testing.B) {
	benchDense(b, func(d kernel.Dense[float32], x, w, _, y []float32) { d.BackwardData(x, y, w) })
}

func BenchmarkDenseBackwardWeights(b *testing.B) {
	benchDense(b, func(d kernel.Dense[float32], x, w, bias, y []float32) {
		d.BackwardWeights(w, bias, x, y)
	})
}

// benchImage is the result of the second convolution of v7-base.
var benchImage = image(32, 72, 72, 64)

// benchPass takes passes and how many times, at least, each reads or writes a value
// for every value of benchImage.
func benchPass(b *testing.B, name string, passes float64,
	prepare func(e kernel.Engine[float32], x, y []float32) (pass func())) {

	n := benchImage.Len()
	benchEngines(b, name, int(4*passes*float64(n)), "GB/s", func(e kernel.Engine[float32]) func() {
		return prepare(e, numbers("x", n), numbers("y", n))
	})
}

// elementwise needs nothing prepared.
func elementwise(pass func(e kernel.Engine[float32], x, y []float32)) func(
	e kernel.Engine[float32], x, y []float32) func() {

	return func(e kernel.Engine[float32], x, y []float32) func() { return func() { pass(e, x, y) } }
}

func BenchmarkElementwise(b *testing.B) {
	type engine = kernel.Engine[float32]
	type values = []float32
	benchPass(b, "hand_off", 0, elementwise(func(e engine, x, y values) { e.ReLU(y[:16], x[:16], 0) }))
	benchPass(b, "relu", 2, elementwise(func(e engine, x, y values) { e.ReLU(y, x, 0) }))
	benchPass(b, "relu_backward", 3, elementwise(func(e engine, x, y values) {
		e.ReLUBackward(x, x, y, 0)
	}))
	benchPass(b, "add", 3, elementwise(func(e engine, x, y values) { e.Add(y, x, y) }))
	benchPass(b, "dropout", 2, elementwise(func(e engine, x, y values) { e.Dropout(y, x, 0.5, 3) }))
	benchPass(b, "rescale", 2, elementwise(func(e engine, x, y values) { e.Rescale(y, x, 0.5, 1) }))
	benchPass(b, "to_nchw", 2, elementwise(func(e engine, x, y values) { e.ToNCHW(y, x, benchImage) }))
	benchPass(b, "to_nhwc", 2, elementwise(func(e engine, x, y values) { e.ToNHWC(y, x, benchImage) }))
	benchPass(b, "from_bytes", 1.25, func(e engine, x, y []float32) func() {
		bytes := make([]uint8, len(x))
		return func() { e.FromBytes(y, bytes) }
	})
}

func BenchmarkBatchNorm(b *testing.B) {
	c := benchImage.C
	params := numbers("p", 4*c)
	gamma, beta, mean, variance := params[:c], params[c:2*c], params[2*c:3*c], params[3*c:]
	prepare := func(e kernel.Engine[float32]) kernel.BatchNorm[float32] {
		l, err := e.BatchNorm(kernel.BatchNormShape{
			In: benchImage, Epsilon: 1e-3, Momentum: 0.99, InputReLU: true,
		})
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	benchPass(b, "train", 3, func(e kernel.Engine[float32], x, y []float32) func() {
		l := prepare(e)
		return func() { l.Train(y, x, gamma, beta, mean, variance) }
	})
	benchPass(b, "frozen", 2, func(e kernel.Engine[float32], x, y []float32) func() {
		l := prepare(e)
		return func() { l.Frozen(y, x, gamma, beta, mean, variance) }
	})
	benchPass(b, "backward", 5, func(e kernel.Engine[float32], x, y []float32) func() {
		l := prepare(e)
		l.Train(y, x, gamma, beta, mean, variance)
		dx, dgamma, dbeta := make([]float32, len(x)), make([]float32, c), make([]float32, c)
		return func() { l.Backward(dx, dgamma, dbeta, y, x, gamma) }
	})
}

func BenchmarkPool(b *testing.B) {
	for _, p := range []struct {
		name   string
		window kernel.Window
	}{{"max_2x2", window(2, 2, 0)}, {"max_3x3", window(3, 2, 0)}} {
		prepare := func(e kernel.Engine[float32]) (kernel.MaxPool[float32], []float32) {
			s := kernel.PoolShape{In: benchImage, Window: p.window, InputReLU: true}
			l, err := e.MaxPool(s)
			if err != nil {
				b.Fatal(err)
			}
			return l, make([]float32, s.Out().Len())
		}
		benchPass(b, p.name, 1.25, func(e kernel.Engine[float32], x, _ []float32) func() {
			l, out := prepare(e)
			return func() { l.Forward(out, x) }
		})
		benchPass(b, p.name+"_backward", 1.5, func(e kernel.Engine[float32], x, _ []float32) func() {
			l, out := prepare(e)
			l.Forward(out, x)
			dx, dy := make([]float32, len(x)), make([]float32, len(out))
			return func() { l.Backward(dx, dy, out) }
		})
	}
	benchPass(b, "global_average", 1, func(e kernel.Engine[float32], x, y []float32) func() {
		p, err := e.GlobalAvgPool(benchImage)
		if err != nil {
			b.Fatal(err)
		}
		return func() { p.Forward(y[:benchImage.N*benchImage.C], x) }
	})
}

// BenchmarkOptimizer updates weights by the fast path of an engine that has one.
func BenchmarkOptimizer(b *testing.B) {
	vector := func(e kernel.Engine[float32]) optim.Vector {
		if v, ok := e.(optim.Vector); ok {
			return v
		}
		return optim.NewVector(e.Threads())
	}
	for _, o := range []struct {
		name   string
		passes float64
		config optim.Config
	}{
		{"adam", 7, optim.Config{}},
		{"sgd", 5, optim.Config{Momentum: 0.9}},
	} {
		benchPass(b, o.name, o.passes, func(e kernel.Engine[float32], x, y []float32) func() {
			o.config.Vector = vector(e)
			rule, err := optim.New(o.name, o.config)
			if err != nil {
				b.Fatal(err)
			}
			params := []optim.Param{{Name: "w", Value: x, Grad: y}}
			return func() { rule.Update(params, 1e-9) }
		})
	}
	benchPass(b, "sum_of_squares", 1, func(e kernel.Engine[float32], x, _ []float32) func() {
		v := vector(e)
		return func() { v.SumSquares(x) }
	})
}
