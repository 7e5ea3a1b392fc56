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
