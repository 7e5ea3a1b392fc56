package arch

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/model"
)

// mobileNetV2 is Sandler et al., MobileNetV2: Inverted Residuals and Linear
// Bottlenecks, 2018, at width 1: each block widens by a 1x1 convolution,
// filters each channel alone (depthwise 3x3) and narrows without activation.
func mobileNetV2(b *model.Builder) {
	residual(b)
	rescaleSigned(b)
	convNorm6(b, 32, model.Window{Kernel: 3, Stride: 2, Pad: 1})
	// Table 2 of the paper: expansion, channels, blocks, stride of the first.
	for i, c := range [][4]int{{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2},
		{6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}} {
		for j := range c[2] {
			stride := 1
			if j == 0 {
				stride = c[3]
			}
			b.Prefix = fmt.Sprintf("block%d_%d_", i+1, j+1)
			invertedResidual(b, c[0], c[1], stride)
		}
	}
	b.Prefix = ""
	convNorm6(b, 1280, model.Window{Kernel: 1})
	b.GlobalAvgPool()
	b.Dropout(0.2)
	b.Head("main", 1)
}

// convNorm6 adds a convolution without bias, batch norm and ReLU6.
func convNorm6(b *model.Builder, filters int, w model.Window) {
	convNorm(b, filters, w)
	b.Add(model.Node{Op: model.ReLU, Max: 6})
}

func invertedResidual(b *model.Builder, expansion, filters, stride int) {
	in, channels := b.Current(), b.Shape()[0]
	hidden := channels * expansion
	if expansion > 1 {
		convNorm6(b, hidden, model.Window{Kernel: 1})
	}
	convNorm6(b, hidden, model.Window{Kernel: 3, Stride: stride, Pad: 1, Groups: hidden})
	out := convNorm(b, filters, model.Window{Kernel: 1})
	if stride == 1 && channels == filters {
		b.Sum(in, out)
	}
}
