package onnx

import (
	"errors"
	"fmt"
)

// call is one node while the types of its results are inferred. Rules read in and
// the attributes, and set out. An omitted optional input is nil.
type call struct {
	*Node
	opset int64
	in    []*value
	out   []*value
}

// rule infers the types of an operator's results. Results that it does not set are
// unknown.
type rule struct {
	min, max int // inputs, min of them not omitted
	infer    func(c *call) error
}

// many is the max of a rule for any number of inputs.
const many = 1 << 30

// errUnknown ends a rule early. Nothing is wrong, but too little is known.
var errUnknown = errors.New("unknown")

func (c *checker) infer(s *scope, n *Node, in []*value) error {
	call := &call{Node: n, opset: c.opset, in: in, out: make([]*value, len(n.Outputs))}
	for i, name := range n.Outputs {
		call.out[i] = &value{ValueInfo: ValueInfo{Name: name, Kind: NoKind}}
	}
	own := c.functions[[2]string{n.Domain, n.Op}]
	if r, ok := rules[n.Op]; ok && plainDomain(n.Domain) == "" && !own {
		if err := call.apply(r); err != nil {
			return err
		}
	}
	for i, name := range n.Outputs {
		if err := call.out[i].check(); err != nil {
			return fmt.Errorf("its output %q: %w", name, err)
		}
		if name != "" {
			s.values[name] = call.out[i]
		}
	}
	return nil
}

func (c *call) apply(r rule) error {
	if len(c.in) < r.min || len(c.in) > r.max {
		if r.min == r.max {
			return fmt.Errorf("%d inputs, want %d", len(c.in), r.min)
		}
		return fmt.Errorf("%d inputs, want %d to %d", len(c.in), r.min, r.max)
	}
	if len(c.out) == 0 {
		return errors.New("no outputs")
	}
	for i, v := range c.in[:r.min] {
		if v == nil {
			return fmt.Errorf("input %d is left out", i)
		}
	}
	for i, v := range c.in {
		if v != nil && v.Kind != TensorKind && v.Kind != NoKind && c.Op != "Identity" {
			return fmt.Errorf("input %q is a %s, want a tensor", c.Inputs[i], v)
		}
	}
	if err := r.infer(c); err != nil && !errors.Is(err, errUnknown) {
		return err
	}
	return nil
}

// firstError returns the first of several errors, so that messages stay one line.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// brief formats a list of any length in few characters.
func brief(v []int64) string {
	if len(v) <= 2*MaxRank {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("of %d values", len(v))
}

// set gives output i its type, with a known shape.
func (c *call) set(i int, elem ElemType, dims ...Dim) {
	if i < len(c.out) {
		c.out[i].ValueInfo = ValueInfo{Name: c.out[i].Name, Elem: elem, Ranked: true, Dims: dims}
	}
}

// setElem gives output i an element type without a shape.
func (c *call) setElem(i int, elem ElemType) {
	if i < len(c.out) {
		c.out[i].ValueInfo = ValueInfo{Name: c.out[i].Name, Elem: elem}
	}
}

// like gives output i the type of v.
func (c *call) like(i int, v *value) {
	if i < len(c.out) {
		name := c.out[i].Name
		c.out[i].ValueInfo = v.ValueInfo
		c.out[i].Name = name
	}
}

// has reports whether optional input i is given.
func (c *call) has(i int) bool { return i < len(c.in) && c.in[i] != nil }

// dims returns the lengths of input i's axes, or errUnknown if its rank is unknown.
func (c *call) dims(i int) ([]Dim, error) {
	if c.in[i].Kind == NoKind || !c.in[i].Ranked {
		return nil, errUnknown
	}
	return c.in[i].Dims, nil
}

// rank is dims for an input of exactly n axes.
func (c *call) rank(i, n int) ([]Dim, error) {
	d, err := c.dims(i)
	if err == nil && len(d) != n {
		err = fmt.Errorf("input %q is %s, want rank %d", c.Inputs[i], c.in[i], n)
	}
	return d, err
}

// floats checks that input i holds floating-point numbers, if its type is known.
func (c *call) floats(i int) error {
	if v := c.in[i]; v.Kind == TensorKind && v.Elem != NoElem && !v.Elem.isFloat() {
		return fmt.Errorf("input %q is %s, want float", c.Inputs[i], v.Elem)
	}
	return nil
}

// sameElem checks that inputs i and j have the same element type, if both are known.
func (c *call) sameElem(i, j int) error {
	a, b := c.in[i], c.in[j]
	if a.Kind != TensorKind || b.Kind != TensorKind || a.Elem == NoElem || b.Elem == NoElem {
		return nil
	}
	if a.Elem != b.Elem {
		return fmt.Errorf("inputs %q and %q are %s and %s, want one type",
			c.Inputs[i], c.Inputs[j], a.Elem, b.Elem)
	}
	return nil
}

// vector checks that input i, if it is given, is a vector of the given length.
func (c *call) vector(i int, length Dim) error {
	if !c.has(i) {
		return nil
	}
	d, err := c.rank(i, 1)
	if errors.Is(err, errUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := same(d[0], length); err != nil {
		return fmt.Errorf("input %q is %s, want [%s]", c.Inputs[i], c.in[i], length)
	}
	return nil
}

// axis returns an attribute that is an axis of a value of the given rank. A negative
// one counts from the end. If past is 1, the axis after the last one is allowed.
func (c *call) axis(name string, otherwise int64, rank, past int) (int, error) {
	a, err := c.Int(name, otherwise)
	if err != nil {
		return 0, err
	}
	return axisOf(a, rank, past)
}

func axisOf(a int64, rank, past int) (int, error) {
	if a < -int64(rank) || a >= int64(rank+past) {
		return 0, fmt.Errorf("axis %d of a tensor of rank %d", a, rank)
	}
	if a < 0 {
		a += int64(rank)
	}
	return int(a), nil
}

// list returns integers that an operator takes: an attribute before the operator set
// since, input i from then on. ok is false if they are not known; nil means that
// none are given.
func (c *call) list(name string, i int, since int64) (list []int64, ok bool, err error) {
	if c.opset < since {
		list, err = c.Ints(name)
		return list, err == nil, err
	}
	if !c.has(i) {
		return nil, true, nil
	}
	list, ok = c.in[i].known()
	return list, ok, nil
}

// axes returns the axes that an operator works on, from where list finds them.
func (c *call) axes(i int, since int64, rank int) (axes []int, ok bool, err error) {
	list, ok, err := c.list("axes", i, since)
	if err != nil || !ok {
		return nil, false, err
	}
	for _, a := range list {
		x, err := axisOf(a, rank, 0)
		if err != nil {
			return nil, false, err
		}
		for _, y := range axes {
			if x == y {
				return nil, false, fmt.Errorf("axis %d is there twice", a)
			}
		}
		axes = append(axes, x)
	}
	return axes, true, nil
}
