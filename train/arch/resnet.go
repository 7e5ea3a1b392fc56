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

// block adds a residual block: so many filters, and a stride of its first convolution.
type block func(b *model.Builder, filters, stride int)

// basicBlock adds two 3x3 convolutions and the shortcut around them.
func basicBlock(b *model.Builder, filters, stride int) {
	twoConvs(b, filters, stride, func() string {
		return convNorm(b, filters, model.Window{Kernel: 1, Stride: stride})
	})
}

// basicBlockD is basicBlock with the shortcut of He et al., Bag of Tricks for Image
// Classification, 2018: where the image is halved the shortcut averages 2 x 2 pixels
// before its projection, in place of leaving three of four out.
func basicBlockD(b *model.Builder, filters, stride int) {
	twoConvs(b, filters, stride, func() string {
		if stride != 1 {
			b.AvgPool(model.Window{Kernel: stride, Stride: stride, Same: true})
		}
		return convNorm(b, filters, model.Window{Kernel: 1})
	})
}

// twoConvs adds a block with two 3x3 convolutions, whose shortcut is projected where the
// shape changes.
func twoConvs(b *model.Builder, filters, stride int, project func() string) {
	in := b.Current()
	channels := b.Shape()[0]
	convNorm(b, filters, model.Window{Kernel: 3, Stride: stride, Pad: 1})
	b.ReLU()
	branch := convNorm(b, filters, model.Window{Kernel: 3, Pad: 1})
	shortcut := in
	if stride != 1 || channels != filters {
		b.At(in)
		shortcut = project()
	}
	b.Sum(branch, shortcut)
	b.ReLU()
}

// stage is a group of blocks of the same number of filters.
type stage struct{ filters, blocks int }

// stages adds groups of blocks; each group but the first halves the image.
func stages(b *model.Builder, add block, groups ...stage) {
	for i, s := range groups {
		for j := range s.blocks {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			b.Prefix = fmt.Sprintf("stage%d_%d_", i+1, j+1)
			add(b, s.filters, stride)
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
	stages(b, basicBlock, stage{64, 2}, stage{128, 2}, stage{256, 2}, stage{512, 2})
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
	stages(b, basicBlock, stage{32, 1}, stage{64, 1}, stage{128, 1}, stage{256, 1})
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
	stages(b, basicBlockD, stage{64, 1}, stage{128, 2}, stage{256, 1})
	b.GlobalAvgPool()
	b.Dropout(0.2)
	b.Head("main", 1)
}
