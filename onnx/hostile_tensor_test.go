package onnx

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func hostileTensors(t testing.TB) []hostile {
	many := func(n int, add func(g *message)) []byte {
		g := &message{}
		for range n {
			add(g)
		}
		return around(g)
	}
	deep := &Graph{Name: "g"}
	for range 20 {
		then := Attribute{Name: "then", Type: GraphAttr, Graph: deep}
		deep = &Graph{Name: "g", Nodes: []Node{{Op: "If", Attributes: []Attribute{then}}}}
	}
	external := func(tensor func(t *message)) func(t *message) {
		return func(t *message) {
			t.varint(1, 1)
			t.varint(2, 1)
			tensor(t)
		}
	}
	location := func(t *message) { t.varint(14, 1) }
	entry := func(t *message) {
		e := &message{}
		e.text(1, "location")
		e.text(2, "../../etc/passwd")
		t.message(13, e)
	}
	inAttribute := func(num protowire.Number) []byte {
		return attributeFile(func(a *message) {
			x := &message{}
			external(location)(x)
			a.message(num, x)
		})
	}
	function := func() []byte {
		x, a, n, f := &message{}, &message{}, &message{}, &message{}
		external(location)(x)
		a.message(5, x)
		n.message(5, a)
		f.message(7, n)
		m := &message{}
		m.message(7, &message{})
		m.message(25, f)
		return bytes.Join(m.parts, nil)
	}
	sub := attributeFile(func(a *message) {
		x, g := &message{}, &message{}
		external(location)(x)
		g.message(5, x)
		a.message(6, g)
	})
	return []hostile{
		{"external data, by its location", "external data is refused", tensorFile(external(location))},
		{"external data, by its entries", "external data is refused", tensorFile(external(entry))},
		{"external data, in an attribute", "external data is refused", inAttribute(5)},
		{"external data, in a list of tensors", "external data is refused", inAttribute(10)},
		{"external data, in a graph in an attribute", "external data is refused", sub},
		{"external data, in a function", "external data is refused", function()},
		{"sparse initializer", "sparse", many(1, func(g *message) { g.message(15, &message{}) })},
		{"sparse tensor in an attribute", "sparse",
			attributeFile(func(a *message) { a.message(22, &message{}) })},
		{"a training graph", "training graph", append(around(&message{}), 0xa2, 0x01, 0x00)},
		{"100,000 nodes", "100000 nodes, want at most 50000",
			many(100_000, func(g *message) { g.message(1, &message{}) })},
		{"100,000 nodes in graphs in attributes", "nodes, want at most 50000",
			attributeFile(func(a *message) {
				g := &message{}
				for range 40_000 {
					g.message(1, &message{})
				}
				for range 3 {
					a.message(11, g)
				}
			})},
		{"a million initializers", "too many parts",
			many(1_000_000, func(g *message) { g.message(5, &message{}) })},
		{"two million inputs of a node", "too many parts", many(1, func(g *message) {
			n := &message{}
			for range 2_000_000 {
				n.must(1, "")
			}
			g.message(1, n)
		})},
		{"graphs in graphs in graphs", "deep, want at most", around((&encoder{}).graph(deep))},
		{"an initializer larger than the file", "wants 4194304 bytes of values, got 4",
			tensorFile(func(t *message) {
				t.varint(1, 1<<20)
				t.varint(2, 1)
				t.bytes(9, make([]byte, 4))
			})},
		{"an initializer larger than memory", "at most", tensorFile(func(t *message) {
			t.packed(1, []int64{1 << 40, 1 << 20})
			t.varint(2, 1)
		})},
		{"an initializer whose size overflows to its own", "at most", tensorFile(func(t *message) {
			t.packed(1, []int64{1 << 32, 1 << 32})
			t.varint(2, 1)
		})},
		{"an initializer of negative size", "none negative", tensorFile(func(t *message) {
			t.packed(1, []int64{-1, -4})
			t.varint(2, 1)
			t.bytes(9, make([]byte, 16))
		})},
		{"an initializer of a million axes", "rank over 16", tensorFile(func(t *message) {
			t.packed(1, make([]int64, 1_000_000))
			t.varint(2, 1)
		})},
		{"small numbers that become large ones", "too many parts", tensorFile(func(t *message) {
			t.varint(1, 8<<20)
			t.varint(2, int64(Int64))
			t.bytes(7, make([]byte, 8<<20))
		})},
		{"more values than dimensions", "more values than its dimensions", tensorFile(func(t *message) {
			t.varint(1, 2)
			t.varint(2, int64(Int64))
			t.bytes(7, make([]byte, 3))
		})},
		{"an element type that is not", "element type 99",
			tensorFile(func(t *message) { t.varint(2, 99) })},
		{"an attribute without a type", "unknown type 0", attributeFile(func(*message) {})},
		{"an attribute of type 77", "unknown type 77",
			attributeFile(func(a *message) { a.varint(20, 77) })},
		{"a tensor attribute without a tensor", "without a value",
			attributeFile(func(a *message) { a.varint(20, 4) })},
		{"a name of a megabyte", "a name of 1048576 bytes",
			many(1, func(g *message) { g.bytes(2, make([]byte, 1<<20)) })},
		{"a gigantic ConstantOfShape", "want 0 to", layerFile(t, constantOfShape(1<<40))},
		{"a large ConstantOfShape", "more than 268435456 values",
			layerFile(t, constantOfShape(1<<20, 1<<20))},
		{"a gigantic Expand", "more than 268435456 values",
			layerFile(t, layer(18, "Expand", nil, NewInt64("s", 1<<30, 3, 9, 11)))},
		{"a gigantic Tile", "is over",
			layerFile(t, layer(18, "Tile", nil, NewInt64("s", 1, 1<<31-1, 1<<31-1, 1)))},
		{"a gigantic Pad", "want 0 to",
			layerFile(t, layer(18, "Pad", nil, NewInt64("s", 0, 0, 1<<31-1, 0, 0, 0, 1<<31-1, 0)))},
		{"a Reshape to what it is not", "into [7 7]",
			layerFile(t, fixed(layer(18, "Reshape", nil, NewInt64("s", 7, 7))))},
		{"a Reshape of negative length", "length -2",
			layerFile(t, layer(18, "Reshape", nil, NewInt64("s", -2)))},
		{"a Transpose of an axis twice", "no order",
			layerFile(t, layer(18, "Transpose", []Attribute{Ints("perm", 0, 1, 1, 2)}))},
		{"a Transpose of axis 9", "no order",
			layerFile(t, layer(18, "Transpose", []Attribute{Ints("perm", 0, 1, 2, 9)}))},
		{"a Concat of axis 9", "axis 9", layerFile(t, layer(18, "Concat", []Attribute{Int("axis", 9)}))},
		{"a Concat of different heights", "lengths 9 and 8",
			layerFile(t, layer(18, "Concat", []Attribute{Int("axis", 1)}, shaped("s", 1, 3, 8, 11)))},
		{"a Slice with step 0", "step of 0",
			layerFile(t, layer(9+4, "Slice", nil,
				NewInt64("a", 0), NewInt64("b", 5), NewInt64("c", 1), NewInt64("d", 0)))},
		{"a pool larger than its input", "over",
			layerFile(t, layer(18, "MaxPool", []Attribute{Ints("kernel_shape", 99, 99)}))},
		{"a pool without a kernel", "kernel_shape", layerFile(t, layer(18, "AveragePool", nil))},
		{"a pool with half a million strides", "strides of 500000 values",
			layerFile(t, layer(18, "MaxPool", []Attribute{
				Ints("kernel_shape", 2, 2),
				{Name: "strides", Type: IntsAttr, Ints: make([]int64, 500_000)}}))},
		{"no groups", "0 groups",
			layerFile(t, layer(18, "Conv", []Attribute{Int("group", 0)}, shaped("w", 4, 3, 3, 3)))},
		{"groups that overflow", "do not fit",
			layerFile(t, layer(18, "Conv", []Attribute{Int("group", 1<<31-1)}, shaped("w", 4, 3, 3, 3)))},
		{"a Cast to nothing", "attribute to is 0", layerFile(t, layer(18, "Cast", nil))},
		{"a batch norm of other channels", "want [3]", layerFile(t, layer(18, "BatchNormalization", nil,
			shaped("a", 3), shaped("b", 3), shaped("c", 4), shaped("d", 3)))},
	}
}

// fixed gives the input a batch of one, so that every length is known.
func fixed(m *Model) *Model {
	m.Graph.Inputs[0].Dims[0] = Known(1)
	return m
}

func constantOfShape(dims ...int64) *Model {
	m := layer(18, "ConstantOfShape", nil, NewInt64("s", dims...))
	m.Graph.Nodes[0].Inputs = []string{"s"}
	return m
}
