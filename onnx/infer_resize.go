package onnx

import (
	"errors"
	"fmt"
	"math"
)

func inferSplit(c *call) error {
	for i := range c.out {
		c.setElem(i, c.in[0].Elem)
	}
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	axis, err := c.axis("axis", 0, len(x), 0)
	if err != nil {
		return err
	}
	parts, ok, err := c.list("split", 1, 13)
	if err != nil || !ok {
		return firstError(err, errUnknown)
	}
	if parts != nil && len(parts) != len(c.out) {
		return fmt.Errorf("split %s into %d outputs", brief(parts), len(c.out))
	}
	total, n := x[axis].Value, int64(len(c.out))
	rest := total
	for i := range c.out {
		part := unknown
		switch {
		case parts != nil:
			part.Value = parts[i]
		case total >= 0: // equal parts, the last may be shorter
			part.Value = min((total+n-1)/n, rest)
		}
		if parts != nil && (part.Value < 0 || total >= 0 && part.Value > rest) {
			return fmt.Errorf("split %v of %s along axis %d", parts, c.in[0], axis)
		}
		rest -= part.Value
		out := append([]Dim(nil), x...)
		out[axis] = part
		c.set(i, c.in[0].Elem, out...)
	}
	return nil
}

func inferPad(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	pads, ok, err := c.list("pads", 1, 11)
	if err != nil || !ok || c.has(3) { // input 3: on some axes only
		return firstError(err, errUnknown)
	}
	if len(pads) != 2*len(x) {
		return fmt.Errorf("pads %s for %s, want two for each axis", brief(pads), c.in[0])
	}
	out := append([]Dim(nil), x...)
	for i := range out {
		before, after := pads[i], pads[i+len(x)]
		if before == 0 && after == 0 {
			continue
		}
		if before < -maxDim || after < -maxDim || before > maxDim || after > maxDim {
			return fmt.Errorf("pads %v: a length over %d", pads, maxDim)
		}
		if out[i].Value < 0 {
			out[i] = unknown
			continue
		}
		if out[i].Value += before + after; out[i].Value < 0 {
			return fmt.Errorf("pads %v cut away more than %s has", pads, c.in[0])
		}
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

// inferResize: scales are input 1 up to operator set 10 and input 2 from 11 on,
// where sizes are input 3; axes came with 18.
func inferResize(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	list, err := c.Ints("axes")
	if err != nil {
		return err
	}
	if list == nil {
		for i := range x {
			list = append(list, int64(i))
		}
	}
	policy, err := c.Text("keep_aspect_ratio_policy", "stretch")
	if err != nil {
		return err
	}
	out := append([]Dim(nil), x...)
	lengths, err := c.newLengths(x, list)
	if err != nil {
		return err
	}
	for i, a := range list {
		axis, err := axisOf(a, len(x), 0)
		if err != nil {
			return err
		}
		if len(lengths) != len(list) {
			return fmt.Errorf("%d sizes or scales for %d axes", len(lengths), len(list))
		}
		if out[axis] = lengths[i]; policy != "stretch" {
			out[axis] = unknown
		}
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

// newLengths returns the new lengths of the axes in list.
func (c *call) newLengths(x []Dim, list []int64) ([]Dim, error) {
	if c.Op == "Resize" && c.opset >= 11 && c.has(3) {
		if c.in[3].ints == nil {
			return nil, errUnknown
		}
		var out []Dim
		for _, s := range c.in[3].ints {
			if s.known && s.Value < 0 {
				return nil, fmt.Errorf("a size of %d", s.Value)
			}
			out = append(out, s.Dim)
		}
		return out, nil
	}
	return nil, errUnknown // by scales
}

func inferExpand(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil || c.in[1].ints == nil {
		return firstError(err, errUnknown)
	}
	var shape []Dim
	for _, s := range c.in[1].ints {
		if s.known && s.Value < 0 {
			return fmt.Errorf("a shape with length %d", s.Value)
		}
		shape = append(shape, s.Dim)
	}
	out, err := broadcastShapes(x, shape)
	if err != nil {
		return err
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

func inferTile(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	times, ok := c.in[1].known()
	if !ok {
		return errUnknown
	}
	if len(times) != len(x) {
		return fmt.Errorf("repeats %v for %s", times, c.in[0])
	}
	out := make([]Dim, len(x))
	for i, d := range x {
		if times[i] < 0 || times[i] > maxDim {
			return fmt.Errorf("repeats %v, want 0 or more", times)
		}
		if out[i], err = mul(d, Dim{Value: times[i]}); err != nil {
			return err
		}
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

func inferRange(c *call) error {
	if err := firstError(c.sameElem(0, 1), c.sameElem(0, 2)); err != nil {
		return err
	}
	c.set(0, c.in[0].Elem, unknown)
	var v [3]int64
	for i := range v {
		x, ok := c.in[i].known()
		if !ok || len(x) != 1 {
			return nil
		}
		v[i] = x[0]
	}
	if v[2] == 0 {
		return errors.New("a step of 0")
	}
	n := math.Ceil((float64(v[1]) - float64(v[0])) / float64(v[2]))
	if n > maxDim {
		return fmt.Errorf("%g values, want at most %d", n, maxDim)
	}
	c.set(0, c.in[0].Elem, Dim{Value: max(int64(n), 0)})
	return nil
}
