package engine_test

import (
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/kerneltest"
)

// benchConvs are layers of the networks and batches that are compared with PyTorch,
// and a few of the others.
var benchConvs = []struct {
	name string
	kernel.ConvShape
}{
	{"v7-base_1", kernel.ConvShape{In: image(32, 150, 150, 3), Filters: 32,
		Window: window(3, 1, 0), NoBackwardData: true}},
	{"v7-base_2", kernel.ConvShape{In: image(32, 74, 74, 32), Filters: 64,
		Window: window(3, 1, 0)}},
	{"v7-base_3", kernel.ConvShape{In: image(32, 36, 36, 64), Filters: 128,
		Window: window(3, 1, 0)}},
	{"v7-batchnorm_3", kernel.ConvShape{In: image(32, 35, 35, 64), Filters: 128,
		Window: window(5, 1, 0)}},
	{"v3-alexnet_1", kernel.ConvShape{In: image(32, 150, 150, 3), Filters: 96,
		Window: window(11, 4, 0), NoBackwardData: true}},
	{"v3-alexnet_2", kernel.ConvShape{In: image(32, 17, 17, 96), Filters: 256,
		Window: window(5, 1, 2)}},
	{"v4-vgg16_2", kernel.ConvShape{In: image(8, 150, 150, 64), Filters: 64,
		Window: window(3, 1, 1)}},
	{"v4-vgg16_7", kernel.ConvShape{In: image(8, 37, 37, 256), Filters: 256,
		Window: window(3, 1, 1)}},
	{"v4-vgg16_12", kernel.ConvShape{In: image(8, 9, 9, 512), Filters: 512,
		Window: window(3, 1, 1)}},
	{"v6-googlenet_1", kernel.ConvShape{In: image(16, 224, 224, 3), Filters: 64,
		Window: window(7, 2, 0), NoBackwardData: true}},
	{"v6-googlenet_3", kernel.ConvShape{In: image(16, 54, 54, 64), Filters: 192,
		Window: window(3, 1, 1)}},
	{"v6-googlenet_1x1", kernel.ConvShape{In: image(16, 26, 26, 192), Filters: 96,
		Window: window(1, 1, 0)}},
	{"resnet18_stride", kernel.ConvShape{In: image(16, 28, 28, 128), Filters: 256,
		Window: window(3, 2, 1)}},
	{"mobilenetv2_depthwise", kernel.ConvShape{In: image(16, 28, 28, 192), Filters: 192,
		Groups: 192, Window: window(3, 1, 1)}},
	{"lite0_depthwise5", kernel.ConvShape{In: image(32, 14, 14, 672), Filters: 672,
		Groups: 672, Window: window(5, 1, 2)}},
	{"lite0_depthwise5s2", kernel.ConvShape{In: image(32, 56, 56, 144), Filters: 144,
		Groups: 144, Window: kernel.Window{Kernel: [2]int{5, 5}, Stride: [2]int{2, 2},
			Pads: [4]int{1, 1, 2, 2}}}},
	{"mobilenetv2_depthwise_s2", kernel.ConvShape{In: image(16, 112, 112, 96), Filters: 96,
		Groups: 96, Window: kernel.Window{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2},
			Pads: [4]int{0, 0, 1, 1}}}},
	{"mobilenetv2_1x1", kernel.ConvShape{In: image(16, 14, 14, 384), Filters: 64,
		Window: window(1, 1, 0)}},
}

var benchDenses = []struct {
	name string
	kernel.DenseShape
}{
	{"v7-base_1", kernel.DenseShape{N: 32, In: 36992, Out: 128, Bias: true}},
	{"v3-alexnet_1", kernel.DenseShape{N: 32, In: 2304, Out: 4096, Bias: true}},
	{"v3-alexnet_2", kernel.DenseShape{N: 32, In: 4096, Out: 4096, Bias: true}},
	{"v4-vgg16_1", kernel.DenseShape{N: 8, In: 8192, Out: 4096, Bias: true}},
	{"head", kernel.DenseShape{N: 32, In: 1024, Out: 5, Bias: true}},
}

// window is square with equal pads.
func window(size, stride, pad int) kernel.Window {
	return kernel.Window{
		Kernel: [2]int{size, size}, Stride: [2]int{stride, stride}, Pads: [4]int{pad, pad, pad, pad},
	}
}

func numbers(name string, n int) []float32 { return kerneltest.Gaussian[float32](name, n) }

func image(n, h, w, c int) kernel.ImageShape { return kernel.ImageShape{N: n, H: h, W: w, C: c} }
