package arch

import "github.com/flowerctl/flowerctl/train/model"

// The small CNNs of the study, v1, v2 and v7: convolutions of one stride with
// ReLU, max-pools between them, and either a dense layer or global average
// pooling before the logits.

// The study's two rescales of pixels: rescaleSigned to -1 to 1, rescaleUnit to 0 to 1.
func rescaleSigned(b *model.Builder) { b.Rescale(1/127.5, -1) }
func rescaleUnit(b *model.Builder)   { b.Rescale(1/255.0, 0) }

// convPool adds a k x k convolution with ReLU and a 2x2 max-pool.
func convPool(b *model.Builder, filters, k int) {
	b.ConvReLU(filters, model.Window{Kernel: k})
	b.MaxPool(model.Window{Kernel: 2})
}

// denseHead adds flatten, a dense layer of 128 with ReLU, dropout 0.5, logits.
func denseHead(b *model.Builder) {
	b.Flatten()
	denseReLU(b, 128)
	b.Dropout(0.5)
	b.Head("main", 1)
}

func denseReLU(b *model.Builder, units int) {
	b.Dense(units)
	b.ReLU()
}

func v1Pilot(b *model.Builder) {
	rescaleUnit(b)
	convPool(b, 32, 3)
	convPool(b, 64, 3)
	b.Dropout(0.25)
	denseHead(b)
}

func v2Basic(b *model.Builder) {
	rescaleSigned(b)
	convPool(b, 32, 3)
	convPool(b, 64, 3)
	b.Dropout(0.25)
	convPool(b, 128, 3)
	b.Dropout(0.25)
	denseHead(b)
}

func v7Base(b *model.Builder) {
	rescaleSigned(b)
	convPool(b, 32, 3)
	convPool(b, 64, 3)
	convPool(b, 128, 3)
	denseHead(b)
}

func v7Kernel(b *model.Builder) {
	rescaleSigned(b)
	convPool(b, 32, 3)
	convPool(b, 64, 3)
	convPool(b, 128, 5)
	convPool(b, 128, 3)
	denseHead(b)
}

func v7GAP(b *model.Builder) {
	rescaleSigned(b)
	dropoutGAP(b, 96, 3)
}

func v7Rescale(b *model.Builder) {
	rescaleUnit(b)
	dropoutGAP(b, 128, 5)
}

// dropoutGAP is v7-gap and v7-rescale, which differ only in their rescale and their
// last convolution.
func dropoutGAP(b *model.Builder, filters, k int) {
	for _, n := range []int{32, 64, 96} {
		convPool(b, n, 3)
		b.Dropout(0.5)
	}
	convPool(b, filters, k)
	b.Dropout(0.2)
	b.GlobalAvgPool()
	b.Head("main", 1)
}

func v7BatchNorm(b *model.Builder) {
	rescaleUnit(b)
	for _, c := range []struct{ filters, k, pool int }{
		{32, 3, 3}, {64, 3, 2}, {128, 5, 2}, {128, 3, 2},
	} {
		b.ConvReLU(c.filters, model.Window{Kernel: c.k})
		b.BatchNorm()
		b.MaxPool(model.Window{Kernel: c.pool, Stride: 2})
	}
	b.GlobalAvgPool()
	b.Head("main", 1)
}

// tiny is v7-batchnorm made small enough for a test: 5,093 parameters. Its running
// statistics follow faster, because its runs are short.
func tiny(b *model.Builder) {
	b.Momentum = 0.9
	rescaleSigned(b)
	for _, filters := range []int{8, 16, 24} {
		b.ConvReLU(filters, model.Window{Kernel: 3})
		b.BatchNorm()
		b.MaxPool(model.Window{Kernel: 2})
	}
	b.GlobalAvgPool()
	b.Head("main", 1)
}
