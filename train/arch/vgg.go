package arch

import "github.com/flowerctl/flowerctl/train/model"

// vgg16 is configuration D of Simonyan and Zisserman, Very Deep Convolutional
// Networks for Large-Scale Image Recognition, 2014. The study left out its
// dropout.
func vgg16(b *model.Builder) {
	for _, group := range []struct{ filters, times int }{
		{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3},
	} {
		for range group.times {
			b.ConvReLU(group.filters, model.Window{Kernel: 3, Same: true})
		}
		b.MaxPool(model.Window{Kernel: 2})
	}
	b.Flatten()
	denseReLU(b, 4096)
	denseReLU(b, 4096)
	b.Head("main", 1)
}

func v4VGG16(b *model.Builder) {
	rescaleSigned(b)
	vgg16(b)
}

// v5VGG16 takes raw pixels, 0 to 255, as the study did.
func v5VGG16(b *model.Builder) { vgg16(b) }
