package onnx

import (
	"fmt"
)

func inferFirst(c *call) error {
	c.like(0, c.in[0])
	c.out[0].ints = c.in[0].ints
	if c.Op != "Identity" {
		c.out[0].ints = nil
	}
	return nil
}

func inferReal(c *call) error {
	c.like(0, c.in[0])
	if c.Op == "Relu" {
		return nil // integers from operator set 14 on
	}
	return c.floats(0)
}

func inferSoftmax(c *call) error {
	c.like(0, c.in[0])
	d, err := c.dims(0)
	if err != nil {
		return err
	}
	otherwise := int64(1)
	if c.opset >= 13 {
		otherwise = -1
	}
	if _, err := c.axis("axis", otherwise, len(d), 0); err != nil {
		return err
	}
	return c.floats(0)
}

func inferConv(c *call) error {
	if err := firstError(c.floats(0), c.sameElem(0, 1)); err != nil {
		return err
	}
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	w, err := c.rank(1, len(x))
	if err != nil {
		return err
	}
	if len(x) < 3 {
		return fmt.Errorf("input %q is %s, want N, C and at least one axis", c.Inputs[0], c.in[0])
	}
	groups, err := c.Int("group", 1)
	if err != nil {
		return err
	}
	if groups < 1 || groups > maxDim {
		return fmt.Errorf("%d groups, want 1 or more", groups)
	}
	channels := w[1]
	if channels.Value > 0 {
		channels.Value *= groups
	}
	if _, err := same(x[1], channels); err != nil || w[0].Value > 0 && w[0].Value%groups != 0 {
		return fmt.Errorf("input %s and weight %s do not fit in %d groups", c.in[0], c.in[1], groups)
	}
	kernel := make([]int64, len(x)-2)
	for i := range kernel {
		kernel[i] = w[i+2].Value
	}
	given, err := c.Ints("kernel_shape")
	if err != nil {
		return err
	}
	for i, k := range given {
		if len(given) != len(kernel) || kernel[i] >= 0 && k != kernel[i] {
			return fmt.Errorf("kernel_shape %s, but the weight is %s", brief(given), c.in[1])
		}
		kernel[i] = k
	}
	if err := c.vector(2, w[0]); err != nil {
		return err
	}
	out, err := c.window(x, kernel)
	if err != nil {
		return err
	}
	out[1] = w[0]
	c.set(0, c.in[0].Elem, out...)
	return nil
}

func inferPool(c *call) error {
	if c.Op != "MaxPool" { // which takes 8-bit integers too
		if err := c.floats(0); err != nil {
			return err
		}
	}
	c.setElem(0, c.in[0].Elem)
	c.setElem(1, Int64)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	kernel, err := c.Ints("kernel_shape")
	if err != nil {
		return err
	}
	if len(x) < 3 || len(kernel) != len(x)-2 {
		return fmt.Errorf("kernel_shape %s over %s", brief(kernel), c.in[0])
	}
	out, err := c.window(x, kernel)
	if err != nil {
		return err
	}
	c.set(0, c.in[0].Elem, out...)
	c.set(1, Int64, out...)
	return nil
}

// window returns the shape after sliding a kernel over the axes of x after N and C.
func (c *call) window(x []Dim, kernel []int64) ([]Dim, error) {
	n := len(kernel)
	list := func(name string, size int, otherwise, least int64) ([]int64, error) {
		v, err := c.Ints(name)
		if err != nil {
			return nil, err
		}
		if v == nil {
			for range size {
				v = append(v, otherwise)
			}
		}
		for _, a := range v {
			if len(v) != size || a < least || a > maxDim {
				return nil, fmt.Errorf("%s %s, want %d values of %d or more", name, brief(v), size, least)
			}
		}
		return v, nil
	}
	strides, err1 := list("strides", n, 1, 1)
	dilations, err2 := list("dilations", n, 1, 1)
	pads, err3 := list("pads", 2*n, 0, 0)
	auto, err4 := c.Text("auto_pad", "NOTSET")
	ceil, err5 := c.Int("ceil_mode", 0)
	if err := firstError(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	out := append([]Dim(nil), x[:2]...)
	for i, k := range kernel {
		length := x[i+2].Value
		if k < 0 && length < 0 {
			out = append(out, unknown)
			continue
		}
		if k < 1 || k > maxDim {
			return nil, fmt.Errorf("kernel %v, want 1 or more", kernel)
		}
		span := (k-1)*dilations[i] + 1
		if length < 0 {
			out = append(out, unknown)
			continue
		}
		var size int64
		switch auto {
		case "SAME_UPPER", "SAME_LOWER":
			size = (length + strides[i] - 1) / strides[i]
		case "NOTSET", "VALID", "":
			padded := length + pads[i] + pads[i+n]
			if auto == "VALID" {
				padded = length
			}
			if padded < span {
				return nil, fmt.Errorf("a window of %d over %d values, on axis %d of %s",
					span, padded, i+2, c.in[0])
			}
			size = (padded-span)/strides[i] + 1
			// A last window that would start in the padding is left out.
			if ceil == 1 && (padded-span)%strides[i] != 0 && size*strides[i] < length+pads[i] {
				size++
			}
		default:
			return nil, fmt.Errorf("auto_pad %q, want NOTSET, SAME_UPPER, SAME_LOWER or VALID", auto)
		}
		out = append(out, Dim{Value: size})
	}
	return out, nil
}

func inferGlobalPool(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	if len(x) < 3 {
		return fmt.Errorf("input %q is %s, want N, C and at least one axis", c.Inputs[0], c.in[0])
	}
	out := append([]Dim(nil), x[:2]...)
	for range x[2:] {
		out = append(out, Known(1))
	}
	c.set(0, c.in[0].Elem, out...)
	return c.floats(0)
}

func inferBatchNorm(c *call) error {
	c.like(0, c.in[0])
	if err := c.floats(0); err != nil {
		return err
	}
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	if len(x) < 2 {
		return fmt.Errorf("input %q is %s, want N, C and more", c.Inputs[0], c.in[0])
	}
	for i := 1; i < 5; i++ {
		if err := c.vector(i, x[1]); err != nil {
			return err
		}
	}
	return nil
}
