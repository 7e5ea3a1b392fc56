package kerneltest

import "github.com/flowerctl/flowerctl/train/nn/kernel"

// window is square with equal pads.
func window(size, stride, pad int) kernel.Window {
	return kernel.Window{
		Kernel: [2]int{size, size}, Stride: [2]int{stride, stride}, Pads: [4]int{pad, pad, pad, pad},
	}
}

func image(n, h, w, c int) kernel.ImageShape { return kernel.ImageShape{N: n, H: h, W: w, C: c} }

// The shapes of the conformance and gradient tests. Sizes differ wherever a
// mistake could hide in equal ones.
var convShapes = []kernel.ConvShape{
	{In: image(2, 9, 7, 3), Filters: 5, Groups: 1, Bias: true, ReLU: true,
		Window: kernel.Window{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Pads: [4]int{1, 0, 2, 1}}},
	{In: image(3, 11, 13, 16), Filters: 32, Groups: 1, Bias: true, Window: window(3, 1, 1)},
	{In: image(2, 12, 14, 8), Filters: 48, Groups: 1, Bias: true, ReLU: true, Window: window(3, 1, 0)},
	{In: image(2, 31, 35, 3), Filters: 20, Groups: 1, Bias: true, ReLU: true,
		Window: window(11, 4, 0)},
	{In: image(1, 17, 15, 3), Filters: 33, Groups: 1, NoBackwardData: true, Window: window(7, 2, 3)},
	{In: image(2, 5, 7, 17), Filters: 19, Groups: 1, Bias: true, Window: window(1, 1, 0)},
	{In: image(2, 7, 6, 12), Filters: 18, Groups: 1, Window: window(1, 2, 0)},
	{In: image(3, 1, 1, 7), Filters: 9, Groups: 1, Bias: true, ReLU: true, Window: window(1, 1, 0)},
	{In: image(3, 1, 1, 7), Filters: 9, Groups: 1, Bias: true, Window: window(3, 1, 1)},
	{In: image(1, 6, 8, 20), Filters: 40, Groups: 1, Bias: true, Window: window(5, 1, 2)},
	// Several tiles and panels wide.
	{In: image(1, 3, 70, 5), Filters: 75, Groups: 1, Bias: true,
		Window: kernel.Window{Kernel: [2]int{2, 3}, Stride: [2]int{1, 1}, Pads: [4]int{1, 1, 0, 1}}},
	// Larger than any block of scratch memory.
	{In: image(2, 26, 23, 70), Filters: 3, Groups: 1, Bias: true, ReLU: true, Window: window(3, 1, 1)},
	// Steps over pixels, and pixels past the last window.
	{In: image(2, 8, 10, 5), Filters: 6, Groups: 1, Bias: true,
		Window: kernel.Window{Kernel: [2]int{2, 1}, Stride: [2]int{3, 4}}},
	{In: image(1, 10, 9, 4), Filters: 7, Groups: 1, Window: window(3, 4, 0)},
	{In: image(2, 8, 11, 3), Filters: 4, Groups: 1, Bias: true,
		Window: kernel.Window{Kernel: [2]int{5, 4}, Stride: [2]int{2, 3}, Pads: [4]int{4, 0, 1, 3}}},
	// Depthwise, with one and two filters a channel.
	{In: image(2, 6, 5, 13), Filters: 13, Groups: 13, Bias: true, Window: window(3, 1, 1)},
	{In: image(2, 9, 8, 20), Filters: 20, Groups: 20, ReLU: true, Max: 0.5,
		Window: kernel.Window{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Pads: [4]int{0, 1, 1, 0}}},
	{In: image(2, 5, 6, 4), Filters: 8, Groups: 4, Bias: true, Window: window(3, 1, 1)},
	{In: image(2, 9, 7, 37), Filters: 37, Groups: 37, Bias: true, Window: window(5, 1, 2)},
	{In: image(3, 10, 11, 24), Filters: 24, Groups: 24,
		Window: kernel.Window{Kernel: [2]int{5, 5}, Stride: [2]int{2, 2}, Pads: [4]int{1, 2, 2, 1}}},
	{In: image(1, 8, 9, 18), Filters: 18, Groups: 18, Bias: true, Window: window(7, 1, 3)},
	// Groups.
	{In: image(2, 6, 7, 12), Filters: 18, Groups: 3, Bias: true, ReLU: true,
		Window: kernel.Window{Kernel: [2]int{3, 2}, Stride: [2]int{1, 2}, Pads: [4]int{1, 1, 0, 0}}},
	{In: image(2, 4, 5, 66), Filters: 70, Groups: 2, Window: window(1, 1, 0)},
	{In: image(2, 5, 4, 36), Filters: 24, Groups: 2, Bias: true, ReLU: true, Max: 1.25,
		Window: window(3, 1, 1)},
	// ReLU6, and others with a bound.
	{In: image(2, 9, 5, 40), Filters: 50, Groups: 1, Bias: true, ReLU: true, Max: 6,
		Window: window(1, 1, 0)},
	{In: image(2, 7, 8, 9), Filters: 20, Groups: 1, ReLU: true, Max: 2, Window: window(3, 2, 1)},
	{In: image(2, 5, 6, 3), Filters: 4, Groups: 1, Bias: true, ReLU: true, Inference: true,
		Window: window(3, 1, 1)},
	// On numbers rounded to bfloat16.
	{In: image(2, 11, 9, 16), Filters: 32, Groups: 1, Bias: true, BF16: true, Window: window(3, 1, 1)},
	{In: image(2, 9, 10, 37), Filters: 21, Groups: 1, ReLU: true, BF16: true, Window: window(3, 2, 1)},
	{In: image(2, 7, 5, 40), Filters: 48, Groups: 1, Bias: true, ReLU: true, Max: 2, BF16: true,
		Window: window(1, 1, 0)},
	{In: image(1, 12, 13, 3), Filters: 20, Groups: 1, Bias: true, NoBackwardData: true, BF16: true,
		Window: window(5, 2, 2)},
	{In: image(2, 6, 7, 18), Filters: 18, Groups: 18, Bias: true, BF16: true, Window: window(3, 1, 1)},
	{In: image(2, 5, 7, 20), Filters: 33, Groups: 1, Inference: true, BF16: true, Window: window(3, 1, 1)},
}

var denseShapes = []kernel.DenseShape{
	{N: 5, In: 7, Out: 3, Bias: true},
	{N: 1, In: 37, Out: 65, Bias: true, ReLU: true},
	{N: 33, In: 130, Out: 17},
	{N: 2, In: 1, Out: 1, Bias: true},
	{N: 9, In: 1030, Out: 40, Bias: true, NoBackwardData: true},
	{N: 3, In: 8, Out: 50, Bias: true, ReLU: true, Inference: true},
}

var normShapes = []kernel.BatchNormShape{
	{In: image(2, 5, 7, 3), Epsilon: 1e-3, Momentum: 0.99},
	{In: image(5, 1, 1, 17), Epsilon: 1e-5, Momentum: 0.9},
	{In: image(3, 4, 6, 33), Epsilon: 1e-3, Momentum: 0.75, InputReLU: true},
	{In: image(1, 53, 41, 16), Epsilon: 1e-3, Momentum: 0.99},
	{In: image(2, 6, 5, 35), Epsilon: 1e-3, Momentum: 0.9, ReLU: true},
	{In: image(3, 7, 11, 24), Epsilon: 1e-3, Momentum: 0.9, ReLU: true, Max: 1.5},
}

var poolShapes = []kernel.PoolShape{
	{In: image(2, 6, 8, 3), Window: window(2, 2, 0)},
	{In: image(2, 7, 9, 17), Window: window(3, 2, 0)}, // overlapping
	{In: image(1, 7, 6, 5), Window: window(3, 1, 1)},
	{In: image(3, 5, 7, 4),
		Window: kernel.Window{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Pads: [4]int{1, 0, 2, 1}}},
	// With gaps.
	{In: image(2, 9, 8, 6), Window: kernel.Window{Kernel: [2]int{2, 1}, Stride: [2]int{3, 4}}},
	{In: image(2, 8, 6, 33), Window: window(2, 2, 0), InputReLU: true},
	{In: image(2, 5, 6, 7), Window: window(3, 2, 1), InputReLU: true},
	{In: image(2, 6, 4, 7), Window: window(2, 2, 0), Inference: true},
	{In: image(3, 1, 1, 7), Window: window(1, 1, 0)},
	{In: image(2, 34, 38, 9), Window: window(3, 2, 1)},
}

// normPoolShapes are the pools with a batch norm before them.
func normPoolShapes() (shapes []kernel.NormPoolShape) {
	for _, p := range poolShapes {
		if p.Inference {
			continue
		}
		shapes = append(shapes, kernel.NormPoolShape{
			Window: p.Window,
			BatchNormShape: kernel.BatchNormShape{
				In: p.In, Epsilon: 1e-3, Momentum: 0.9, InputReLU: p.InputReLU,
			},
		})
	}
	return append(shapes, kernel.NormPoolShape{
		Window:         window(17, 3, 2), // more places than a byte counts
		BatchNormShape: kernel.BatchNormShape{In: image(2, 18, 19, 5), Epsilon: 1e-3, Momentum: 0.9},
	})
}

var largeConvShapes = []kernel.ConvShape{
	{In: image(2, 61, 83, 3), Filters: 40, Window: window(3, 1, 1), Groups: 1, Bias: true},
	{In: image(1, 70, 91, 3), Filters: 64, Window: window(7, 2, 3), Groups: 1, Bias: true},
	{In: image(5, 9, 7, 24), Filters: 144, Window: window(3, 1, 1), Groups: 1},
	{In: image(7, 13, 11, 33), Filters: 130, Window: window(5, 1, 2), Groups: 1, Bias: true},
	{In: image(9, 6, 5, 70), Filters: 97, Window: window(1, 1, 0), Groups: 1, Bias: true},
	{In: image(1, 30, 30, 2), Filters: 16, Window: window(13, 1, 6), Groups: 1, Bias: true},
}
