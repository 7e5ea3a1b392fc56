package onnx

import (
	"errors"
	"fmt"
)

func inferSqueeze(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	axes, ok, err := c.axes(1, 13, len(x))
	if err != nil || !ok {
		return firstError(err, errUnknown)
	}
	drop := make([]bool, len(x))
	for i, d := range x {
		if len(axes) == 0 && d.Value < 0 {
			return errUnknown
		}
		drop[i] = len(axes) == 0 && d.Value == 1
	}
	for _, a := range axes {
		if x[a].Value >= 0 && x[a].Value != 1 {
			return fmt.Errorf("axis %d of %s is not 1", a, c.in[0])
		}
		drop[a] = true
	}
	var out []Dim
	for i, d := range x {
		if !drop[i] {
			out = append(out, d)
		}
	}
	c.set(0, c.in[0].Elem, out...)
	c.out[0].ints = c.in[0].ints
	return nil
}

func inferUnsqueeze(c *call) error {
	c.setElem(0, c.in[0].Elem)
	x, err := c.dims(0)
	if err != nil {
		return err
	}
	list, ok, err := c.list("axes", 1, 13)
	if err != nil || !ok {
		return firstError(err, errUnknown)
	}
	if list == nil && c.opset >= 13 && !c.has(1) {
		return errors.New("input 1 (axes) is left out")
	}
	rank := len(x) + len(list)
	if rank > MaxRank {
		return fmt.Errorf("a result of rank %d, want at most %d", rank, MaxRank)
	}
	added := make([]bool, rank)
	for _, a := range list {
		i, err := axisOf(a, rank, 0)
		if err != nil {
			return err
		}
		if added[i] {
			return fmt.Errorf("axis %d is there twice", a)
		}
		added[i] = true
	}
	out := make([]Dim, 0, rank)
	for _, a := range added {
		if a {
			out = append(out, Known(1))
			continue
		}
		out, x = append(out, x[0]), x[1:]
	}
	c.set(0, c.in[0].Elem, out...)
	if rank == 1 {
		c.out[0].ints = c.in[0].ints
	}
	return nil
}
