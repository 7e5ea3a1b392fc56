package onnx

import (
	"errors"
	"fmt"
)

func inferShape(c *call) error {
	x, err := c.dims(0)
	if err != nil {
		c.set(0, Int64, unknown)
		return nil
	}
	from, err1 := c.Int("start", 0)
	to, err2 := c.Int("end", int64(len(x)))
	if err := firstError(err1, err2); err != nil {
		return err
	}
	from, to = clampIndex(from, len(x)), clampIndex(to, len(x))
	ints := []integer{}
	for i := from; i < to; i++ {
		ints = append(ints, integer{x[i], x[i].Value >= 0})
	}
	c.set(0, Int64, Known(len(ints)))
	c.out[0].ints = ints
	return nil
}

func clampIndex(i int64, n int) int64 {
	if i < 0 {
		i += int64(n)
	}
	return min(max(i, 0), int64(n))
}

func inferConstant(c *call) error {
	if len(c.Attributes) != 1 {
		return fmt.Errorf("%d attributes, want one", len(c.Attributes))
	}
	a := &c.Attributes[0]
	want := map[string]AttributeType{
		"value":         TensorAttr,
		"value_float":   FloatAttr,
		"value_floats":  FloatsAttr,
		"value_int":     IntAttr,
		"value_ints":    IntsAttr,
		"value_string":  StringAttr,
		"value_strings": StringsAttr,
	}
	if a.Name == "sparse_value" {
		return errors.New("sparse tensors are not supported")
	}
	if typ, ok := want[a.Name]; !ok || a.Type != typ {
		return fmt.Errorf("attribute %s of type %s gives no value", a.Name, a.Type)
	}
	var v *value
	switch a.Name {
	case "value":
		v = constant(a.Tensor)
	case "value_int":
		t := NewInt64("", a.Int)
		t.Dims = nil
		v = constant(&t)
	case "value_ints":
		t := NewInt64("", a.Ints...)
		v = constant(&t)
	case "value_float":
		c.set(0, Float32)
	case "value_floats":
		c.set(0, Float32, Known(len(a.Floats)))
	case "value_string":
		c.set(0, StringElem)
	case "value_strings":
		c.set(0, StringElem, Known(len(a.Strings)))
	}
	if v != nil {
		c.like(0, v)
		c.out[0].ints = v.ints
	}
	return nil
}

func inferConstantOfShape(c *call) error {
	elem, fillWith := Float32, integer{Dim: unknown}
	a, err := c.attr("value", TensorAttr)
	if err != nil {
		return err
	}
	if a != nil {
		if a.Tensor.Elements() != 1 {
			return fmt.Errorf("attribute value has shape %v, want one element", a.Tensor.Dims)
		}
		elem = a.Tensor.Elem
		if v := constant(a.Tensor); len(v.ints) == 1 {
			fillWith = v.ints[0]
		}
	}
	c.setElem(0, elem)
	if c.in[0].ints == nil {
		return errUnknown
	}
	var out []Dim
	for _, d := range c.in[0].ints {
		if d.known && d.Value < 0 {
			return fmt.Errorf("a shape with length %d", d.Value)
		}
		out = append(out, d.Dim)
	}
	c.set(0, elem, out...)
	if len(out) == 1 && out[0].Value >= 0 && out[0].Value <= maxInts && fillWith.known {
		c.out[0].ints = repeat(fillWith, int(out[0].Value))
	}
	return nil
}

func inferCast(c *call) error {
	to, err := c.Int("to", 0)
	if err != nil {
		return err
	}
	if to < 1 || to > maxDim || !ElemType(to).Valid() {
		return fmt.Errorf("attribute to is %d, want an element type", to)
	}
	c.setElem(0, ElemType(to))
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	c.set(0, ElemType(to), x...)
	if ElemType(to) == Int64 || ElemType(to) == Int32 {
		c.out[0].ints = c.in[0].ints
	}
	return nil
}

func inferGather(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	index, err := c.dims(1)
	if err != nil {
		return err
	}
	axis, err := c.axis("axis", 0, len(x), 0)
	if err != nil {
		return err
	}
	out := append([]Dim(nil), x[:axis]...)
	out = append(append(out, index...), x[axis+1:]...)
	c.set(0, c.in[0].Elem, out...)
	at, ok := c.in[1].known()
	if data := c.in[0].ints; ok && data != nil && len(x) == 1 {
		ints := make([]integer, len(at))
		for i, a := range at {
			j, err := axisOf(a, len(data), 0)
			if err != nil {
				return fmt.Errorf("index %d of %d values", a, len(data))
			}
			ints[i] = data[j]
		}
		c.out[0].ints = ints
	}
	return nil
}

func inferSlice(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	starts, ends, axes, steps, err := c.sliceRange(len(x))
	if err != nil {
		return err
	}
	out := append([]Dim(nil), x...)
	for i, a := range axes {
		axis, err := axisOf(a, len(x), 0)
		if err != nil {
			return err
		}
		if steps[i] == 0 {
			return errors.New("a step of 0")
		}
		if x[axis].Value < 0 {
			out[axis] = unknown
			continue
		}
		out[axis] = Dim{Value: sliceLength(x[axis].Value, starts[i], ends[i], steps[i])}
	}
	c.set(0, c.in[0].Elem, out...)
	if data := c.in[0].ints; data != nil && len(x) == 1 && len(axes) == 1 && steps[0] == 1 {
		from := clampIndex(starts[0], len(data))
		c.out[0].ints = data[from : from+out[0].Value]
	}
	return nil
}

// sliceRange reads the ranges from attributes (before operator set 10) or inputs.
func (c *call) sliceRange(rank int) (starts, ends, axes, steps []int64, err error) {
	lists := [4]*[]int64{&starts, &ends, &axes, &steps}
	for i, name := range [4]string{"starts", "ends", "axes", "steps"} {
		if c.opset < 10 {
			if *lists[i], err = c.Ints(name); err != nil {
				return nil, nil, nil, nil, err
			}
			continue
		}
		if !c.has(i + 1) {
			continue
		}
		var ok bool
		if *lists[i], ok = c.in[i+1].known(); !ok {
			return nil, nil, nil, nil, errUnknown
		}
	}
	if axes == nil {
		for i := range starts {
			axes = append(axes, int64(i))
		}
	}
	if steps == nil {
		for range starts {
			steps = append(steps, 1)
		}
	}
	n := len(starts)
	if len(ends) != n || len(axes) != n || len(steps) != n || n > rank {
		err = fmt.Errorf("starts %s, ends %s, axes %s, steps %s for rank %d",
			brief(starts), brief(ends), brief(axes), brief(steps), rank)
	}
	return starts, ends, axes, steps, err
}

func sliceLength(n, start, end, step int64) int64 {
	clamp := func(i, lo, hi int64) int64 {
		if i < 0 {
			i += n
		}
		return min(max(i, lo), hi)
	}
	if step > 0 {
		start, end = clamp(start, 0, n), clamp(end, 0, n)
		return max((end-start+step-1)/step, 0)
	}
	start, end = clamp(start, 0, n-1), clamp(end, -1, n-1)
	return max((start-end-step-1)/-step, 0)
}
