//go:build onednn

package kernel

import (
	"testing"

	"github.com/flowerctl/flowerctl/train/optim"
)

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
