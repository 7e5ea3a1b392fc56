package arch

import "github.com/flowerctl/flowerctl/train/model"

// alexNet is the study's version of Krizhevsky et al., ImageNet Classification
// with Deep Convolutional Neural Networks, 2012: one column, batch norm after
// each ReLU instead of local response normalisation.
func alexNet(b *model.Builder) {
	pool := model.Window{Kernel: 3, Stride: 2}
	conv := func(filters int, w model.Window) {
		b.ConvReLU(filters, w)
		b.BatchNorm()
	}
	rescaleSigned(b)
	conv(96, model.Window{Kernel: 11, Stride: 4})
	b.MaxPool(pool)
	conv(256, model.Window{Kernel: 5, Same: true})
	b.MaxPool(pool)
	conv(384, model.Window{Kernel: 3, Same: true})
	conv(384, model.Window{Kernel: 3, Same: true})
	conv(256, model.Window{Kernel: 3, Same: true})
	b.MaxPool(pool)
	b.Flatten()
	for range 2 {
		denseReLU(b, 4096)
		b.Dropout(0.5)
	}
	b.Head("main", 1)
}
