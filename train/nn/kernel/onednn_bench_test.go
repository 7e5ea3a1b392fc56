//go:build onednn

package kernel

import (
	"testing"

	"github.com/flowerctl/flowerctl/train/optim"
)

// BenchmarkOneDNNConv reports GFLOP/s of each pass, at shapes of the networks and
// batches that are compared with PyTorch.
func BenchmarkOneDNNConv(b *testing.B) {
	e := newOneDNN(b, 2)
	for _, bench := range []struct {
		name  string
		shape ConvShape
	}{
		{"v7-base 1", ConvShape{In: ImageShape{32, 150, 150, 3}, Filters: 32, Window: window(3, 1, 0)}},
		{"v7-base 2", ConvShape{In: ImageShape{32, 74, 74, 32}, Filters: 64, Window: window(3, 1, 0)}},
		{"v7-base 3", ConvShape{In: ImageShape{32, 36, 36, 64}, Filters: 128, Window: window(3, 1, 0)}},
		{"v7-batchnorm 3", ConvShape{In: ImageShape{32, 35, 35, 64}, Filters: 128, Window: window(5, 1, 0)}},
		{"v3-alexnet 1", ConvShape{In: ImageShape{32, 150, 150, 3}, Filters: 96, Window: window(11, 4, 0)}},
		{"v3-alexnet 2", ConvShape{In: ImageShape{32, 17, 17, 96}, Filters: 256, Window: window(5, 1, 2)}},
		{"v4-vgg16 2", ConvShape{In: ImageShape{8, 150, 150, 64}, Filters: 64, Window: window(3, 1, 1)}},
		{"v4-vgg16 7", ConvShape{In: ImageShape{8, 37, 37, 256}, Filters: 256, Window: window(3, 1, 1)}},
		{"v4-vgg16 12", ConvShape{In: ImageShape{8, 9, 9, 512}, Filters: 512, Window: window(3, 1, 1)}},
		{"v6-googlenet 1", ConvShape{In: ImageShape{16, 224, 224, 3}, Filters: 64, Window: window(7, 2, 0)}},
		{"v6-googlenet 3", ConvShape{In: ImageShape{16, 54, 54, 64}, Filters: 192, Window: window(3, 1, 1)}},
		{"v6-googlenet 1x1", ConvShape{In: ImageShape{16, 26, 26, 192}, Filters: 96, Window: window(1, 1, 0)}},
	} {
		s := bench.shape
		s.Groups, s.Bias = 1, true
		c, err := e.Conv(s)
		if err != nil {
			b.Fatal(err)
		}
		x, y := make([]float32, s.In.Len()), make([]float32, s.Out().Len())
		w, bias := make([]float32, s.weights()), make([]float32, s.Filters)
		flops := 2 * float64(len(y)) * float64(len(w)/s.Filters)
		benchPasses(b, bench.name, flops,
			func() { c.Forward(y, x, w, bias) },
			func() { c.BackwardData(x, y, w) },
			func() { c.BackwardWeights(w, bias, x, y) })
	}
}

// BenchmarkOneDNNDense is BenchmarkOneDNNConv for dense layers.
func BenchmarkOneDNNDense(b *testing.B) {
	e := newOneDNN(b, 2)
	for _, bench := range []struct {
		name  string
		shape DenseShape
	}{
		{"v7-base 1", DenseShape{N: 32, In: 36992, Out: 128, Bias: true}},
		{"v3-alexnet 1", DenseShape{N: 32, In: 2304, Out: 4096, Bias: true}},
		{"v3-alexnet 2", DenseShape{N: 32, In: 4096, Out: 4096, Bias: true}},
		{"v4-vgg16 1", DenseShape{N: 8, In: 8192, Out: 4096, Bias: true}},
	} {
		s := bench.shape
		d, err := e.Dense(s)
		if err != nil {
			b.Fatal(err)
		}
		x, y := make([]float32, s.N*s.In), make([]float32, s.N*s.Out)
		w, bias := make([]float32, s.In*s.Out), make([]float32, s.Out)
		benchPasses(b, bench.name, 2*float64(s.N)*float64(len(w)),
			func() { d.Forward(y, x, w, bias) },
			func() { d.BackwardData(x, y, w) },
			func() { d.BackwardWeights(w, bias, x, y) })
	}
}

// benchPasses times the three passes of a layer of that many operations each.
func benchPasses(b *testing.B, name string, flops float64, forward, data, weights func()) {
	for _, pass := range []struct {
		name string
		run  func()
	}{{"forward", forward}, {"data", data}, {"weights", weights}} {
		b.Run(name+"/"+pass.name, func(b *testing.B) {
			pass.run()
			for b.Loop() {
				pass.run()
			}
			b.ReportMetric(flops*float64(b.N)/1e9/b.Elapsed().Seconds(), "GFLOP/s")
		})
	}
}

// BenchmarkOneDNNLoops reports GB/s that the layers which only move memory reach,
// counting each value that is read or written once.
func BenchmarkOneDNNLoops(b *testing.B) {
	e := newOneDNN(b, 2)
	const n = 32 * 148 * 148 * 32 // the first activation of v7-base
	x, y, z, w := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = float32(i%17) - 8
	}
	in := ImageShape{32, 148, 148, 32}
	norm, err := e.BatchNorm(BatchNormShape{In: in, Epsilon: 1e-3, Momentum: 0.99, InputReLU: true})
	if err != nil {
		b.Fatal(err)
	}
	c := make([]float32, in.C)
	pool, err := e.MaxPool(PoolShape{In: in, Window: window(2, 2, 0), InputReLU: true})
	if err != nil {
		b.Fatal(err)
	}
	pool3, err := e.MaxPool(PoolShape{In: in, Window: window(3, 2, 0), InputReLU: true})
	if err != nil {
		b.Fatal(err)
	}
	global, err := e.GlobalAvgPool(in)
	if err != nil {
		b.Fatal(err)
	}
	bytes := make([]uint8, n)
	for _, bench := range []struct {
		name   string
		passes float64 // over n values
		run    func()
	}{
		{"hand-off", 0, func() { e.ReLU(y[:16], x[:16], 0) }},
		{"relu", 2, func() { e.ReLU(y, x, 0) }},
		{"relu in place", 2, func() { e.ReLU(x, x, 0) }},
		{"relu backward", 3, func() { e.ReLUBackward(z, y, x, 0) }},
		{"add", 3, func() { e.Add(z, x, y) }},
		{"from bytes", 1.25, func() { e.FromBytes(x, bytes) }},
		{"to nchw", 2, func() { e.ToNCHW(y, x, in) }},
		{"to nhwc", 2, func() { e.ToNHWC(y, x, in) }},
		{"dropout", 2, func() { e.Dropout(y, x, 0.5, 1) }},
		{"maxpool 2", 1.25 + 1./16, func() { pool.Forward(y[:n/4], x) }},
		{"maxpool 2 backward", 1.5 + 1./16, func() { pool.Backward(z, x[:n/4], y[:n/4]) }},
		{"maxpool 3", 1.25 + 1./16, func() { pool3.Forward(y[:32*73*73*32], x) }},
		{"maxpool 3 backward", 1.5 + 1./16, func() { pool3.Backward(z, x[:32*73*73*32], y[:32*73*73*32]) }},
		{"global average", 1, func() { global.Forward(y[:32*32], x) }},
		{"global average backward", 1, func() { global.Backward(x, y[:32*32]) }},
		{"batchnorm", 3, func() { norm.Train(y, x, c, c, c, c) }},
		{"batchnorm frozen", 2, func() { norm.Frozen(y, x, c, c, c, c) }},
		{"batchnorm backward", 5, func() { norm.Backward(z, c, c, y, x, c) }},
		{"adam", 7, func() { e.Adam(x, y, z, w, optim.AdamStep{Epsilon: 1e-7, Keep: 1}) }},
		{"momentum", 5, func() { e.Momentum(x, y, w, 1e-9, 0.9, false) }},
		{"sum of squares", 1, func() { e.SumSquares(w) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			bench.run()
			for b.Loop() {
				bench.run()
			}
			b.ReportMetric(4*n*bench.passes*float64(b.N)/1e9/b.Elapsed().Seconds(), "GB/s")
		})
	}
}
