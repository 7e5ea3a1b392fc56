package onnx

import "fmt"

func inferGemm(c *call) error {
	if err := c.sameElem(0, 1); err != nil {
		return err
	}
	c.setElem(0, c.in[0].Elem)
	a, err := c.rank(0, 2)
	if err != nil {
		return err
	}
	b, err := c.rank(1, 2)
	if err != nil {
		return err
	}
	transA, err1 := c.Int("transA", 0)
	transB, err2 := c.Int("transB", 0)
	if err := firstError(err1, err2); err != nil {
		return err
	}
	if transA != 0 {
		a = []Dim{a[1], a[0]}
	}
	if transB != 0 {
		b = []Dim{b[1], b[0]}
	}
	if _, err := same(a[1], b[0]); err != nil {
		return fmt.Errorf("%s times %s (transA %d, transB %d): %w",
			c.in[0], c.in[1], transA, transB, err)
	}
	out := []Dim{a[0], b[1]}
	c.set(0, c.in[0].Elem, out...)
	if !c.has(2) || !c.in[2].Ranked {
		return nil
	}
	bias := c.in[2].Dims
	if len(bias) > 2 {
		return fmt.Errorf("input %q is %s, want at most rank 2", c.Inputs[2], c.in[2])
	}
	for i, d := range bias {
		o := out[2-len(bias)+i]
		if d.Value >= 0 && d.Value != 1 && o.Value >= 0 && d.Value != o.Value {
			return fmt.Errorf("input %q is %s, want one that fits %s",
				c.Inputs[2], c.in[2], shapeString(out))
		}
	}
	return nil
}

func inferMatMul(c *call) error {
	if err := c.sameElem(0, 1); err != nil {
		return err
	}
	c.setElem(0, c.in[0].Elem)
	a, err := c.dims(0)
	if err != nil {
		return err
	}
	b, err := c.dims(1)
	if err != nil {
		return err
	}
	if len(a) == 0 || len(b) == 0 {
		return fmt.Errorf("%s times %s", c.in[0], c.in[1])
	}
	row, col := len(a) == 1, len(b) == 1
	if row {
		a = []Dim{Known(1), a[0]}
	}
	if col {
		b = []Dim{b[0], Known(1)}
	}
	if _, err := same(a[len(a)-1], b[len(b)-2]); err != nil {
		return fmt.Errorf("%s times %s: %w", c.in[0], c.in[1], err)
	}
	out, err := broadcastShapes(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return err
	}
	if !row {
		out = append(out, a[len(a)-2])
	}
	if !col {
		out = append(out, b[len(b)-1])
	}
	c.set(0, c.in[0].Elem, out...)
	return nil
}
