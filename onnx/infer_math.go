package onnx

import (
	"fmt"
)

// broadcastShapes broadcasts two shapes, aligned at their last axes as in numpy.
func broadcastShapes(a, b []Dim) ([]Dim, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append([]Dim(nil), a...)
	shift := len(a) - len(b)
	for i, d := range b {
		x, err := broadcast(out[shift+i], d)
		if err != nil {
			return nil, fmt.Errorf("shapes %s and %s: %w", shapeString(a), shapeString(b), err)
		}
		out[shift+i] = x
	}
	return out, nil
}

// broadcastInputs returns the shape of the inputs from first on, broadcast together.
func (c *call) broadcastInputs(first int) ([]Dim, error) {
	out, err := c.dims(first)
	if err != nil {
		return nil, err
	}
	for i := first + 1; i < len(c.in); i++ {
		if !c.has(i) {
			return nil, fmt.Errorf("input %d is left out", i)
		}
		d, err := c.dims(i)
		if err != nil {
			return nil, err
		}
		if out, err = broadcastShapes(out, d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func inferBroadcast(c *call) error {
	c.setElem(0, c.in[0].Elem)
	if c.Op != "Pow" {
		for i := range c.in[1:] {
			if c.has(i + 1) {
				if err := c.sameElem(0, i+1); err != nil {
					return err
				}
			}
		}
	}
	out, err := c.broadcastInputs(0)
	if err != nil {
		return err
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

func inferArithmetic(c *call) error {
	if err := inferBroadcast(c); err != nil {
		return err
	}
	a, b := c.in[0].ints, c.in[1].ints
	if a == nil || b == nil {
		return nil
	}
	if len(a) == 1 {
		a = repeat(a[0], len(b))
	}
	if len(b) == 1 {
		b = repeat(b[0], len(a))
	}
	if len(a) != len(b) {
		return nil
	}
	out := make([]integer, len(a))
	for i := range a {
		out[i] = arithmetic(c.Op, a[i], b[i])
	}
	c.out[0].ints = out
	return nil
}

func repeat(x integer, n int) []integer {
	out := make([]integer, n)
	for i := range out {
		out[i] = x
	}
	return out
}

func arithmetic(op string, a, b integer) integer {
	if !a.known || !b.known || op == "Div" && b.Value == 0 {
		return integer{Dim: unknown}
	}
	x, y := a.Value, b.Value
	switch op {
	case "Add":
		x += y
	case "Sub":
		x -= y
	case "Mul":
		x *= y
	case "Div":
		x /= y
	default:
		return integer{Dim: unknown}
	}
	return integer{Dim{Value: x}, true}
}

func inferCompare(c *call) error {
	c.setElem(0, Bool)
	if err := c.sameElem(0, 1); err != nil {
		return err
	}
	out, err := c.broadcastInputs(0)
	if err != nil {
		return err
	}
	c.set(0, Bool, out...)
	return nil
}

func inferWhere(c *call) error {
	if err := c.sameElem(1, 2); err != nil {
		return err
	}
	c.setElem(0, c.in[1].Elem)
	out, err := c.broadcastInputs(0)
	if err != nil {
		return err
	}
	c.set(0, c.in[1].Elem, out...)
	return nil
}

func inferReduce(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	since := int64(18)
	if c.Op == "ReduceSum" {
		since = 13
	}
	axes, ok, err := c.axes(1, since, len(x))
	if err != nil || !ok {
		return firstError(err, errUnknown)
	}
	keep, err1 := c.Int("keepdims", 1)
	noop, err2 := c.Int("noop_with_empty_axes", 0)
	if err := firstError(err1, err2); err != nil {
		return err
	}
	if len(axes) == 0 && noop != 0 {
		c.like(0, c.in[0])
		return nil
	}
	reduced := make([]bool, len(x))
	for i := range reduced {
		reduced[i] = len(axes) == 0
	}
	for _, a := range axes {
		reduced[a] = true
	}
	var out []Dim
	for i, d := range x {
		switch {
		case !reduced[i]:
			out = append(out, d)
		case keep != 0:
			out = append(out, Known(1))
		}
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

func inferArg(c *call) error {
	c.setElem(0, Int64)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	axis, err1 := c.axis("axis", 0, len(x), 0)
	keep, err2 := c.Int("keepdims", 1)
	if err := firstError(err1, err2); err != nil {
		return err
	}
	out := append([]Dim(nil), x[:axis]...)
	if keep != 0 {
		out = append(out, Known(1))
	}
	c.set(0, Int64, append(out, x[axis+1:]...)...)
	return nil
}

func inferDropout(c *call) error {
	c.like(0, c.in[0])
	if len(c.out) > 1 {
		c.like(1, c.in[0])
		if c.opset >= 10 {
			c.out[1].Elem = Bool
		}
	}
	return c.floats(0)
}

// inferQuantize: the zero point gives the type, uint8 without one; output_dtype
// came with operator set 21.
func inferQuantize(c *call) error {
	elem := Uint8
	if to, err := c.Int("output_dtype", 0); err != nil {
		return err
	} else if to != 0 {
		elem = ElemType(to)
	}
	if c.has(2) {
		elem = c.in[2].Elem
	}
	if err := c.perAxis(); err != nil {
		return err
	}
	c.like(0, c.in[0])
	c.out[0].Elem = elem
	return c.floats(0)
}

func inferDequantize(c *call) error {
	if c.has(2) {
		if err := c.sameElem(0, 2); err != nil {
			return err
		}
	}
	if err := c.perAxis(); err != nil {
		return err
	}
	c.like(0, c.in[0])
	c.out[0].Elem = c.in[1].Elem
	return c.floats(1)
}

// perAxis checks that the scale is one value, or one for each index of an axis.
func (c *call) perAxis() error {
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	if !c.in[1].Ranked || len(c.in[1].Dims) != 1 || c.in[1].Dims[0].Value == 1 {
		return nil
	}
	axis, err := c.axis("axis", 1, len(x), 0)
	if err != nil {
		return err
	}
	if err := c.vector(1, x[axis]); err != nil {
		return err
	}
	return c.vector(2, x[axis])
}
