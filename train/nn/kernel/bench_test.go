package kernel

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// The benchmarks are by pass, shape and engine: the Go engine, and the fastest
// that the tests were built with. Run one layer with
//
//	go test -run '^$' -bench 'Conv/v7-base' ./train/nn/kernel

var benchConvs = []struct {
	name string
	ConvShape
}{
	{"v7-base_1", ConvShape{In: ImageShape{32, 150, 150, 3}, Filters: 32, Window: window(3, 1, 0), NoBackwardData: true}},
	{"v7-base_2", ConvShape{In: ImageShape{32, 74, 74, 32}, Filters: 64, Window: window(3, 1, 0)}},
	{"v7-base_3", ConvShape{In: ImageShape{32, 36, 36, 64}, Filters: 128, Window: window(3, 1, 0)}},
	{"v3-alexnet_1", ConvShape{In: ImageShape{16, 150, 150, 3}, Filters: 96, Window: window(11, 4, 0), NoBackwardData: true}},
	{"v3-alexnet_2", ConvShape{In: ImageShape{16, 17, 17, 96}, Filters: 256, Window: window(5, 1, 2)}},
	{"v4-vgg16_3", ConvShape{In: ImageShape{4, 75, 75, 64}, Filters: 128, Window: window(3, 1, 1)}},
	{"v4-vgg16_11", ConvShape{In: ImageShape{8, 9, 9, 512}, Filters: 512, Window: window(3, 1, 1)}},
	{"v6-googlenet_7x7", ConvShape{In: ImageShape{4, 224, 224, 3}, Filters: 64, Window: window(7, 2, 0), NoBackwardData: true}},
	{"v6-googlenet_1x1", ConvShape{In: ImageShape{16, 28, 28, 192}, Filters: 96, Window: window(1, 1, 0)}},
	{"resnet18_stride", ConvShape{In: ImageShape{16, 28, 28, 128}, Filters: 256, Window: window(3, 2, 1)}},
	{"mobilenetv2_depthwise", ConvShape{In: ImageShape{16, 28, 28, 192}, Filters: 192, Groups: 192, Window: window(3, 1, 1)}},
	{"mobilenetv2_1x1", ConvShape{In: ImageShape{16, 14, 14, 384}, Filters: 64, Window: window(1, 1, 0)}},
}

var benchDenses = []struct {
	name string
	DenseShape
}{
	{"v7-base", DenseShape{N: 32, In: 36992, Out: 128, Bias: true}},
	{"v3-alexnet", DenseShape{N: 16, In: 4096, Out: 4096, Bias: true}},
	{"head", DenseShape{N: 32, In: 1024, Out: 5, Bias: true}},
}

// benchEngines runs f for each engine; f returns the multiply-adds, or else the
// values read and written, of a pass.
func benchEngines(b *testing.B, shape string, prepare func(e Engine[float32]) (pass func(), work int, unit string)) {
	run := func(e Engine[float32]) {
		defer e.Close()
		b.Run(fmt.Sprintf("%s/%s", shape, e.Name()), func(b *testing.B) {
			pass, work, unit := prepare(e)
			pass()
			for b.Loop() {
				pass()
			}
			b.ReportMetric(float64(work)*float64(b.N)/b.Elapsed().Seconds()/1e9, unit)
		})
	}
	run(NewGo[float32](0))
	fastest, err := Default(0)
	if err != nil {
		b.Fatal(err)
	}
	if fastest.Name() == "go" {
		fastest.Close()
		return
	}
	run(fastest)
}

func benchConv(b *testing.B, run func(c Conv[float32], x, w, bias, y []float32)) {
	for _, s := range benchConvs {
		s.Groups = max(s.Groups, 1)
		s.Bias = true
		flops := 2 * s.Out().Len() * s.weights() / s.Filters
		benchEngines(b, s.name, func(e Engine[float32]) (func(), int, string) {
			c, err := e.Conv(s.ConvShape)
			if err != nil {
				b.Fatal(err)
			}
			x, w := gaussian[float32]("x", s.In.Len()), gaussian[float32]("w", s.weights())
			bias, y := gaussian[float32]("b", s.Filters), gaussian[float32]("y", s.Out().Len())
			return func() { run(c, x, w, bias, y) }, flops, "GFLOP/s"
		})
	}
}

func BenchmarkConvForward(b *testing.B) {
	benchConv(b, func(c Conv[float32], x, w, bias, y []float32) { c.Forward(y, x, w, bias) })
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
	benchConv(b, func(c Conv[float32], x, w, _, y []float32) { c.BackwardData(x, y, w) })
}

func BenchmarkConvBackwardWeights(b *testing.B) {
	benchConv(b, func(c Conv[float32], x, w, bias, y []float32) { c.BackwardWeights(w, bias, x, y) })
}

func benchDense(b *testing.B, run func(d Dense[float32], x, w, bias, y []float32)) {
	for _, s := range benchDenses {
		benchEngines(b, s.name, func(e Engine[float32]) (func(), int, string) {
			d, err := e.Dense(s.DenseShape)
			if err != nil {
				b.Fatal(err)
			}
			x, w := gaussian[float32]("x", s.N*s.In), gaussian[float32]("w", s.In*s.Out)
			bias, y := gaussian[float32]("b", s.Out), gaussian[float32]("y", s.N*s.Out)
			return func() { run(d, x, w, bias, y) }, 2 * s.N * s.In * s.Out, "GFLOP/s"
		})
	}
}

func BenchmarkDenseForward(b *testing.B) {
	benchDense(b, func(d Dense[float32], x, w, bias, y []float32) { d.Forward(y, x, w, bias) })
}

func BenchmarkDenseBackwardData(b *testing.B) {
	benchDense(b, func(d Dense[float32], x, w, _, y []float32) { d.BackwardData(x, y, w) })
}

func BenchmarkDenseBackwardWeights(b *testing.B) {
	benchDense(b, func(d Dense[float32], x, w, bias, y []float32) { d.BackwardWeights(w, bias, x, y) })
}

// benchImage is the result of the second convolution of v7-base.
var benchImage = ImageShape{32, 72, 72, 64}

// benchPass counts the values that a pass reads and writes at least.
func benchPass(b *testing.B, passes map[string]func(e Engine[float32], x, y []float32) (pass func(), values int)) {
	for _, name := range sortedKeys(passes) {
		benchEngines(b, name, func(e Engine[float32]) (func(), int, string) {
			n := benchImage.Len()
			pass, values := passes[name](e, gaussian[float32]("x", n), gaussian[float32]("y", n))
			return pass, 4 * values, "GB/s"
		})
	}
}

func BenchmarkElementwise(b *testing.B) {
	n := benchImage.Len()
	benchPass(b, map[string]func(e Engine[float32], x, y []float32) (func(), int){
		"relu": func(e Engine[float32], x, y []float32) (func(), int) { return func() { e.ReLU(y, x, 0) }, 2 * n },
		"relu_backward": func(e Engine[float32], x, y []float32) (func(), int) {
			return func() { e.ReLUBackward(x, x, y, 0) }, 3 * n
		},
		"add": func(e Engine[float32], x, y []float32) (func(), int) { return func() { e.Add(y, x, y) }, 3 * n },
		"dropout": func(e Engine[float32], x, y []float32) (func(), int) {
			return func() { e.Dropout(y, x, 0.5, 3) }, 2 * n
		},
		"to_nchw": func(e Engine[float32], x, y []float32) (func(), int) {
			return func() { e.ToNCHW(y, x, benchImage) }, 2 * n
		},
		"rescale": func(e Engine[float32], x, y []float32) (func(), int) {
			return func() { e.Rescale(y, x, 0.5, 1) }, 2 * n
		},
	})
}

func BenchmarkBatchNorm(b *testing.B) {
	n, c := benchImage.Len(), benchImage.C
	params := gaussian[float32]("p", 5*c)
	gamma, beta, mean, variance := params[:c], params[c:2*c], params[2*c:3*c], params[3*c:4*c]
	prepare := func(e Engine[float32]) BatchNorm[float32] {
		l, err := e.BatchNorm(BatchNormShape{In: benchImage, Epsilon: 1e-3, Momentum: 0.99, InputReLU: true})
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	benchPass(b, map[string]func(e Engine[float32], x, y []float32) (func(), int){
		"train": func(e Engine[float32], x, y []float32) (func(), int) {
			l := prepare(e)
			return func() { l.Train(y, x, gamma, beta, mean, variance) }, 4 * n
		},
		"backward": func(e Engine[float32], x, y []float32) (func(), int) {
			l := prepare(e)
			l.Train(y, x, gamma, beta, mean, variance)
			return func() { l.Backward(y, mean, variance, y, x, gamma) }, 5 * n
		},
	})
}

func BenchmarkPool(b *testing.B) {
	n := benchImage.Len()
	maxPool := func(e Engine[float32], w Window) (MaxPool[float32], []float32) {
		s := PoolShape{In: benchImage, Window: w}
		p, err := e.MaxPool(s)
		if err != nil {
			b.Fatal(err)
		}
		return p, make([]float32, s.Out().Len())
	}
	benchPass(b, map[string]func(e Engine[float32], x, y []float32) (func(), int){
		"max_2x2": func(e Engine[float32], x, y []float32) (func(), int) {
			p, out := maxPool(e, window(2, 2, 0))
			return func() { p.Forward(out, x) }, n + len(out)
		},
		"max_3x3_overlapping": func(e Engine[float32], x, y []float32) (func(), int) {
			p, out := maxPool(e, window(3, 2, 0))
			return func() { p.Forward(out, x) }, n + len(out)
		},
		"max_2x2_backward": func(e Engine[float32], x, y []float32) (func(), int) {
			p, out := maxPool(e, window(2, 2, 0))
			p.Forward(out, x)
			return func() { p.Backward(x, out, out) }, n + 2*len(out)
		},
		"global_average": func(e Engine[float32], x, y []float32) (func(), int) {
			p, err := e.GlobalAvgPool(benchImage)
			if err != nil {
				b.Fatal(err)
			}
			return func() { p.Forward(y[:benchImage.N*benchImage.C], x) }, n
		},
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
