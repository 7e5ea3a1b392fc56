package arch

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/model"
)

// Residual networks after He et al., Deep Residual Learning for Image
// Recognition, 2015: convolutions without bias, each followed by batch norm, He
// initialisation, and a 1x1 projection on the shortcut where the shape changes.

// residual sets the builder up: PyTorch's batch-norm constants for this family.
func residual(b *model.Builder) {
	b.Init, b.Epsilon, b.Momentum = model.HeNormal, 1e-5, 0.9
}

// convNorm adds a convolution without bias and batch norm.
func convNorm(b *model.Builder, filters int, w model.Window) string {
	w.NoBias = true
	b.Conv(filters, w)
	return b.BatchNorm()
}

// basicBlock adds two 3x3 convolutions and the shortcut around them.
func basicBlock(b *model.Builder, filters, stride int) {
	in := b.Current()
	channels := b.Shape()[0]
	convNorm(b, filters, model.Window{Kernel: 3, Stride: stride, Pad: 1})
	b.ReLU()
	branch := convNorm(b, filters, model.Window{Kernel: 3, Pad: 1})
	shortcut := in
	if stride != 1 || channels != filters {
		shortcut = convNorm(b.At(in), filters, model.Window{Kernel: 1, Stride: stride})
	}
	b.Sum(branch, shortcut)
	b.ReLU()
}

// basicBlockD is basicBlock with the shortcut of He et al., Bag of Tricks for Image
// Classification, 2018: where the image is halved the shortcut averages 2 x 2 pixels
// before its projection, in place of leaving three of four out.
func basicBlockD(b *model.Builder, filters, stride int) {
	in := b.Current()
	channels := b.Shape()[0]
	convNorm(b, filters, model.Window{Kernel: 3, Stride: stride, Pad: 1})
	b.ReLU()
	branch := convNorm(b, filters, model.Window{Kernel: 3, Pad: 1})
	shortcut := in
	if stride != 1 || channels != filters {
		b.At(in)
		if stride != 1 {
			b.AvgPool(model.Window{Kernel: stride})
		}
		shortcut = convNorm(b, filters, model.Window{Kernel: 1})
	}
	b.Sum(branch, shortcut)
	b.ReLU()
}

// stages adds groups of basic blocks; each but the first halves the image.
func stages(b *model.Builder, filters []int, blocks int) {
	for i, f := range filters {
		for j := range blocks {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			b.Prefix = fmt.Sprintf("stage%d_%d_", i+1, j+1)
			basicBlock(b, f, stride)
		}
	}
	b.Prefix = ""
}

func resNet18(b *model.Builder) {
	residual(b)
	rescaleSigned(b)
	convNorm(b, 64, model.Window{Kernel: 7, Stride: 2, Pad: 3})
	b.ReLU()
	b.MaxPool(model.Window{Kernel: 3, Stride: 2, Pad: 1})
	stages(b, []int{64, 128, 256, 512}, 2)
	b.GlobalAvgPool()
	b.Head("main", 1)
}

// resNetSmall is a ten-layer residual network for a few thousand images of 128
// pixels: a 3x3 stem that halves the image, one block a stage, and dropout
// before the logits.
func resNetSmall(b *model.Builder) {
	residual(b)
	rescaleSigned(b)
	convNorm(b, 32, model.Window{Kernel: 3, Stride: 2, Pad: 1})
	b.ReLU()
	stages(b, []int{32, 64, 128, 256}, 1)
	b.GlobalAvgPool()
	b.Dropout(0.2)
	b.Head("main", 1)
}

// resNet12D is a residual network of twelve layers with the stem and the shortcuts of
// He et al., Bag of Tricks, 2018, for a few thousand photographs and no network to start
// from: three 3x3 convolutions and a max-pool, then one, two and one block of 64, 128 and
// 256 filters, and dropout before the logits.
func resNet12D(b *model.Builder) {
	residual(b)
	rescaleSigned(b)
	for i, filters := range []int{24, 24, 48} {
		convNorm(b, filters, model.Window{Kernel: 3, Stride: max(2-i, 1), Pad: 1})
		b.ReLU()
	}
	b.MaxPool(model.Window{Kernel: 3, Stride: 2, Pad: 1})
	for i, s := range []struct{ filters, blocks int }{{64, 1}, {128, 2}, {256, 1}} {
		for j := range s.blocks {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			b.Prefix = fmt.Sprintf("stage%d_%d_", i+1, j+1)
			basicBlockD(b, s.filters, stride)
		}
	}
	b.Prefix = ""
	b.GlobalAvgPool()
	b.Dropout(0.2)
	b.Head("main", 1)
}
