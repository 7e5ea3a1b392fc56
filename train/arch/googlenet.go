package arch

import "github.com/flowerctl/flowerctl/train/model"

// inception holds the filter counts of one block, as in table 1 of the paper:
// 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool projection.
type inception struct {
	name                                     string
	one, reduce3, three, reduce5, five, pool int
}

// googLeNet is Szegedy et al., Going Deeper with Convolutions, 2014, as the
// study built it: raw pixels 0 to 255, no local response normalisation, no padding
// of the first convolution, and both auxiliary heads with the weight of the main one.
func googLeNet(b *model.Builder) {
	pool := func() { b.MaxPool(model.Window{Kernel: 3, Stride: 2}) }
	b.ConvReLU(64, model.Window{Kernel: 7, Stride: 2})
	pool()
	b.ConvReLU(64, model.Window{Kernel: 1})
	b.ConvReLU(192, model.Window{Kernel: 3, Same: true})
	pool()
	inceptions(b,
		inception{"3a", 64, 96, 128, 16, 32, 32},
		inception{"3b", 128, 128, 192, 32, 96, 64})
	pool()
	first := inceptions(b,
		inception{"4a", 192, 96, 208, 16, 48, 64})
	second := inceptions(b,
		inception{"4b", 160, 112, 224, 24, 64, 64},
		inception{"4c", 128, 128, 256, 24, 64, 64},
		inception{"4d", 112, 144, 288, 32, 64, 64})
	inceptions(b,
		inception{"4e", 256, 160, 320, 32, 128, 128})
	pool()
	inceptions(b,
		inception{"5a", 256, 160, 320, 32, 128, 128},
		inception{"5b", 384, 192, 384, 48, 128, 128})
	b.GlobalAvgPool()
	b.Dropout(0.4)
	b.Head("main", 1)
	auxiliary(b.At(first), "aux1")
	auxiliary(b.At(second), "aux2")
}

// inceptions adds blocks one after the other and returns the last one's name.
func inceptions(b *model.Builder, blocks ...inception) string {
	for _, c := range blocks {
		in := b.Current()
		b.Prefix = "inception_" + c.name + "_"
		one := b.ConvReLU(c.one, model.Window{Kernel: 1})
		b.At(in).ConvReLU(c.reduce3, model.Window{Kernel: 1})
		three := b.ConvReLU(c.three, model.Window{Kernel: 3, Same: true})
		b.At(in).ConvReLU(c.reduce5, model.Window{Kernel: 1})
		five := b.ConvReLU(c.five, model.Window{Kernel: 5, Same: true})
		b.At(in).MaxPool(model.Window{Kernel: 3, Stride: 1, Same: true})
		pool := b.ConvReLU(c.pool, model.Window{Kernel: 1})
		b.Concat(one, three, five, pool)
		b.Prefix = ""
	}
	return b.Current()
}

// auxiliary adds a head that helps the gradient reach the lower blocks. It is
// not exported.
func auxiliary(b *model.Builder, name string) {
	b.Prefix = name + "_"
	b.AvgPool(model.Window{Kernel: 5, Stride: 3})
	b.ConvReLU(128, model.Window{Kernel: 1})
	b.Flatten()
	denseReLU(b, 1024)
	b.Dropout(0.7)
	b.Prefix = ""
	b.Head(name, 1)
}
