package onnx

import (
	"errors"
	"fmt"
)

func inferReshape(c *call) error {
	c.setElem(0, c.in[0].Elem)
	shape := c.in[1].ints
	if shape == nil {
		return errUnknown
	}
	if len(shape) > MaxRank {
		return fmt.Errorf("a shape of rank %d, want at most %d", len(shape), MaxRank)
	}
	allowZero, err := c.Int("allowzero", 0)
	if err != nil {
		return err
	}
	x, xErr := c.dims(0)
	out := make([]Dim, len(shape))
	free := -1
	for i, s := range shape {
		switch {
		case !s.known:
			out[i] = s.Dim
		case s.Value == -1 && free >= 0:
			return errors.New("a shape with two free lengths (-1)")
		case s.Value == -1:
			free, out[i] = i, unknown
		case s.Value < 0:
			return fmt.Errorf("a shape with length %d", s.Value)
		case s.Value == 0 && allowZero == 0:
			out[i] = unknown
			if xErr == nil {
				if i >= len(x) {
					return fmt.Errorf("length 0 copies axis %d of %s", i, c.in[0])
				}
				out[i] = x[i]
			}
		default:
			out[i] = Dim{Value: s.Value}
		}
	}
	if xErr == nil {
		if err := fill(c, x, out, free); err != nil {
			return err
		}
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

// fill computes the free length of a reshape, or checks that there is none to
// compute. Names that occur on both sides cancel.
func fill(c *call, x, out []Dim, free int) error {
	names := map[string]int{}
	from, to, open := Dim{Value: 1}, Dim{Value: 1}, false
	product := func(dims []Dim, p *Dim, sign int, skip int) error {
		for i, d := range dims {
			if i == skip {
				continue
			}
			if d.Value < 0 {
				names[d.Param] += sign
				open = open || d.Param == ""
				continue
			}
			var err error
			if *p, err = mul(*p, d); err != nil {
				return err
			}
		}
		return nil
	}
	if err := firstError(product(x, &from, 1, -1), product(out, &to, -1, free)); err != nil {
		return err
	}
	left := ""
	for name, n := range names {
		if n != 0 {
			open = open || n != 1 || left != ""
			left = name
		}
	}
	if open {
		return nil
	}
	fits := from == to
	if free >= 0 {
		fits = to.Value > 0 && from.Value%to.Value == 0
	}
	if !fits && left == "" {
		return fmt.Errorf("%s into %s", c.in[0], shapeString(out))
	}
	if free < 0 || to.Value == 0 || from.Value%to.Value != 0 {
		return nil
	}
	switch ratio := from.Value / to.Value; {
	case left == "":
		out[free] = Dim{Value: ratio}
	case ratio == 1:
		out[free] = Symbol(left)
	}
	return nil
}

func inferFlatten(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	axis, err := c.axis("axis", 1, len(x), 1)
	if err != nil {
		return err
	}
	out := []Dim{Known(1), Known(1)}
	for i, d := range x {
		side := 0
		if i >= axis {
			side = 1
		}
		if out[side], err = mul(out[side], d); err != nil {
			return err
		}
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

func inferTranspose(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	perm, err := c.Ints("perm")
	if err != nil {
		return err
	}
	if perm == nil {
		for i := range x {
			perm = append(perm, int64(len(x)-1-i))
		}
	}
	if len(perm) != len(x) {
		return fmt.Errorf("perm %s for %s", brief(perm), c.in[0])
	}
	out := make([]Dim, len(x))
	used := make([]bool, len(x))
	for i, p := range perm {
		if p < 0 || p >= int64(len(x)) || used[p] {
			return fmt.Errorf("perm %v is no order of %d axes", perm, len(x))
		}
		used[p], out[i] = true, x[p]
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}

func inferConcat(c *call) error {
	c.setElem(0, c.in[0].Elem)
	for i := range c.in {
		if !c.has(i) {
			return fmt.Errorf("input %d is left out", i)
		}
		if err := c.sameElem(0, i); err != nil {
			return err
		}
	}
	out, err := c.dims(0)
	if err != nil {
		return err
	}
	if c.Attribute("axis") == nil {
		return errors.New("attribute axis is missing")
	}
	axis, err := c.axis("axis", 0, len(out), 0)
	if err != nil {
		return err
	}
	out = append([]Dim(nil), out...)
	ints := append([]integer(nil), c.in[0].ints...)
	followed := c.in[0].ints != nil
	for i := 1; i < len(c.in); i++ {
		d, err := c.rank(i, len(out))
		if err != nil {
			return err
		}
		for j := range d {
			if j == axis {
				out[j] = sum(out[j], d[j])
				continue
			}
			if out[j], err = same(out[j], d[j]); err != nil {
				return fmt.Errorf("%s and %s along axis %d: %w", c.in[0], c.in[i], axis, err)
			}
		}
		followed = followed && c.in[i].ints != nil && len(ints)+len(c.in[i].ints) <= maxInts
		if followed {
			ints = append(ints, c.in[i].ints...)
		}
	}
	c.set(0, c.in[0].Elem, out...)
	if followed {
		c.out[0].ints = ints
	}
	return nil
}

func sum(a, b Dim) Dim {
	if a.Value < 0 || b.Value < 0 {
		return unknown
	}
	return Dim{Value: min(a.Value+b.Value, maxDim+1)} // too much is refused later
}
