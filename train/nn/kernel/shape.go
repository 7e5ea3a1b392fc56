package kernel

import "fmt"

// Check returns an error for a shape with nothing in it.
func (s ImageShape) Check() error {
	if s.N < 1 || s.H < 1 || s.W < 1 || s.C < 1 {
		return fmt.Errorf("input %v, want sizes of 1 or more", s)
	}
	return nil
}

// Check returns an error if the window does not fit the input, or could lie in
// the padding alone.
func (g Window) Check(in ImageShape) error {
	if err := in.Check(); err != nil {
		return err
	}
	for axis, size := range [2]int{in.H, in.W} {
		k, before, after := g.Kernel[axis], g.Pads[axis], g.Pads[axis+2]
		if k < 1 || g.Stride[axis] < 1 {
			return fmt.Errorf("kernel %v and stride %v, want 1 or more", g.Kernel, g.Stride)
		}
		if before < 0 || after < 0 || before >= k || after >= k {
			return fmt.Errorf("pads %v, want 0 or more and under the kernel %v", g.Pads, g.Kernel)
		}
		if size+before+after < k {
			return fmt.Errorf("kernel %v is larger than the input %v", g.Kernel, in)
		}
	}
	return nil
}

// Clip returns the part of the window at output position o along axis (0 is
// vertical) that lies on the input, of size values: the first input position,
// and the number of them.
func (g Window) Clip(axis, o, size int) (first, taps int) {
	start := o*g.Stride[axis] - g.Pads[axis]
	first = max(start, 0)
	return first, min(start+g.Kernel[axis], size) - first
}

// Check returns an error for a convolution that cannot be.
func (s ConvShape) Check() error {
	if s.Filters < 1 || s.Groups < 1 || s.In.C%s.Groups != 0 || s.Filters%s.Groups != 0 {
		return fmt.Errorf("%d filters in %d groups over %d channels, want groups that divide both",
			s.Filters, s.Groups, s.In.C)
	}
	return s.Window.Check(s.In)
}

// Weights is the number of values in w.
func (s ConvShape) Weights() int {
	return s.Filters * s.In.C / s.Groups * s.Kernel[0] * s.Kernel[1]
}

// Biases is the number of values in b.
func (s ConvShape) Biases() int {
	if s.Bias {
		return s.Filters
	}
	return 0
}

func (s ConvShape) String() string {
	return fmt.Sprintf("conv %v to %d filters, kernel %v, stride %v, pads %v, %d groups",
		s.In, s.Filters, s.Kernel, s.Stride, s.Pads, s.Groups)
}

// Check returns an error for a layer without images, inputs or outputs.
func (s DenseShape) Check() error {
	if s.N < 1 || s.In < 1 || s.Out < 1 {
		return fmt.Errorf("want sizes of 1 or more")
	}
	return nil
}

// Weights is the number of values in w.
func (s DenseShape) Weights() int { return s.Out * s.In }

// Biases is the number of values in b.
func (s DenseShape) Biases() int {
	if s.Bias {
		return s.Out
	}
	return 0
}

func (s DenseShape) String() string {
	return fmt.Sprintf("dense %d to %d, batch %d", s.In, s.Out, s.N)
}

func (s BatchNormShape) String() string { return fmt.Sprintf("batchnorm %v", s.In) }

// GlobalPool is the pool whose one window covers the whole image.
func GlobalPool(s ImageShape) PoolShape {
	return PoolShape{In: s, Window: Window{Kernel: [2]int{s.H, s.W}, Stride: [2]int{1, 1}}}
}

func (s PoolShape) String() string {
	return fmt.Sprintf("pool %v, kernel %v, stride %v, pads %v", s.In, s.Kernel, s.Stride, s.Pads)
}

func (s NormPoolShape) String() string {
	return fmt.Sprintf("batchnorm and pool %v, kernel %v, stride %v, pads %v",
		s.In, s.Kernel, s.Stride, s.Pads)
}
