package kernel

import "fmt"

// check is an error for a shape with nothing in it.
func (s ImageShape) check() error {
	if s.N < 1 || s.H < 1 || s.W < 1 || s.C < 1 {
		return fmt.Errorf("input %v, want sizes of 1 or more", s)
	}
	return nil
}

// check is an error where the window does not fit, or could lie in the padding
// alone.
func (g Window) check(in ImageShape) error {
	if err := in.check(); err != nil {
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

// clip is the part of the window at output position o along axis that lies on
// the input, of size values: the first input position, and how many.
func (g Window) clip(axis, o, size int) (first, taps int) {
	start := o*g.Stride[axis] - g.Pads[axis]
	first = max(start, 0)
	return first, min(start+g.Kernel[axis], size) - first
}

func (s ConvShape) check() error {
	if s.Filters < 1 || s.Groups < 1 || s.In.C%s.Groups != 0 || s.Filters%s.Groups != 0 {
		return fmt.Errorf("%d filters in %d groups over %d channels, want groups that divide both",
			s.Filters, s.Groups, s.In.C)
	}
	return s.Window.check(s.In)
}

// weights is the number of values in w.
func (s ConvShape) weights() int {
	return s.Filters * s.In.C / s.Groups * s.Kernel[0] * s.Kernel[1]
}

// bias is the number of values in b.
func (s ConvShape) bias() int {
	if s.Bias {
		return s.Filters
	}
	return 0
}

func (s ConvShape) String() string {
	return fmt.Sprintf("conv %v to %d filters, kernel %v, stride %v, pads %v, %d groups",
		s.In, s.Filters, s.Kernel, s.Stride, s.Pads, s.Groups)
}

func (s DenseShape) check() error {
	if s.N < 1 || s.In < 1 || s.Out < 1 {
		return fmt.Errorf("want sizes of 1 or more")
	}
	return nil
}

// bias is the number of values in b.
func (s DenseShape) bias() int {
	if s.Bias {
		return s.Out
	}
	return 0
}

func (s DenseShape) String() string {
	return fmt.Sprintf("dense %d to %d, batch %d", s.In, s.Out, s.N)
}

func (s BatchNormShape) String() string { return fmt.Sprintf("batchnorm %v", s.In) }

func (s PoolShape) String() string {
	return fmt.Sprintf("pool %v, kernel %v, stride %v, pads %v", s.In, s.Kernel, s.Stride, s.Pads)
}

func (s NormPoolShape) String() string {
	return fmt.Sprintf("batchnorm and pool %v, kernel %v, stride %v, pads %v", s.In, s.Kernel, s.Stride, s.Pads)
}

// mustHold panics where a slice is not as long as the layer's shape says.
// The layer's type is a parameter because an interface would be allocated.
func mustHold[L fmt.Stringer, T any](layer L, name string, x []T, want int) {
	if len(x) != want {
		panic(fmt.Errorf("kernel: %v: %s has %d values, want %d", layer, name, len(x), want))
	}
}

// mustPrepare panics when a gradient is asked for that was not prepared.
func mustPrepare[L fmt.Stringer](layer L, missing bool, what string) {
	if missing {
		panic(fmt.Errorf("kernel: %v: %s was not prepared", layer, what))
	}
}
