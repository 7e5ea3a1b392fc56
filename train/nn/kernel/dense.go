package kernel

// newDense is a convolution of one pixel.
func newDense[T Float](core *goCore[T], s DenseShape) *goConv[T] {
	return newConv(core, ConvShape{
		In: ImageShape{s.N, 1, 1, s.In}, Filters: s.Out, Groups: 1,
		Window: Window{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}},
		Bias:   s.Bias, ReLU: s.ReLU, Inference: s.Inference, NoBackwardData: s.NoBackwardData,
	})
}
