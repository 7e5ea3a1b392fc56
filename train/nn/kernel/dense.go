package kernel

// newDense is a convolution of one pixel.
func newDense[T Float](w *workers, s DenseShape) *goConv[T] {
	return newConv[T](w, ConvShape{
		In: ImageShape{s.N, 1, 1, s.In}, Filters: s.Out, Groups: 1,
		Window: Window{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}},
		Bias:   s.Bias, ReLU: s.ReLU, Inference: s.Inference, NoBackwardData: s.NoBackwardData,
	})
}
