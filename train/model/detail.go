package model

import (
	"fmt"
	"strings"
)

// Detail is a node's settings in a few words: "3 x 3, stride 2".
func (n *Node) Detail() string {
	switch n.Op {
	case Conv, MaxPool, AvgPool:
		return Geometry(n.Kernel[:], n.Stride[:], n.Pads[:], n.Groups)
	case Dropout:
		return fmt.Sprintf("%g", n.Rate)
	case Rescale:
		if n.PerChannel() {
			return "x * " + triple("%.4g", n.Scales) + " " + triple("%+.4g", n.Offsets)
		}
		return fmt.Sprintf("x * %.4g %+.4g", n.Scale, n.Offset)
	case Extract:
		if n.File == nil {
			return ""
		}
		return fmt.Sprintf("%s, %s parameters", n.File.Of, Thousands(n.File.Parameters))
	case ReLU:
		if n.Max > 0 {
			return fmt.Sprintf("to %g", n.Max)
		}
	}
	return ""
}

// triple is one number for each channel.
func triple(format string, v [3]float64) string {
	return fmt.Sprintf("("+format+" "+format+" "+format+")", v[0], v[1], v[2])
}

// Geometry describes a window in words: "3 x 3, stride 2, pad 1, 32 groups".
func Geometry[T int | int64](kernel, stride, pads []T, groups int) string {
	text := join(kernel, " x ")
	if same(stride) && len(stride) > 0 {
		if stride[0] != 1 {
			text += fmt.Sprintf(", stride %d", stride[0])
		}
	} else if len(stride) > 0 {
		text += ", stride " + join(stride, " x ")
	}
	switch {
	case !same(pads):
		text += ", pads " + join(pads, " ")
	case len(pads) > 0 && pads[0] != 0:
		text += fmt.Sprintf(", pad %d", pads[0])
	}
	if groups > 1 {
		text += fmt.Sprintf(", %d groups", groups)
	}
	return text
}

func same[T int | int64](v []T) bool {
	for _, x := range v {
		if x != v[0] {
			return false
		}
	}
	return true
}

func join[T int | int64](v []T, between string) string {
	words := make([]string, len(v))
	for i, x := range v {
		words[i] = fmt.Sprint(x)
	}
	return strings.Join(words, between)
}

// ShapeText writes [C H W] as C x H x W.
func ShapeText(shape []int) string { return join(shape, " x ") }

// Thousands writes 1234567 as 1,234,567.
func Thousands[T int | int64](n T) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
