package onnx

import "fmt"

// AttributeType says which field of an Attribute holds its value.
type AttributeType int32

// The types of attributes, numbered as in the file.
const (
	FloatAttr     AttributeType = 1
	IntAttr       AttributeType = 2
	StringAttr    AttributeType = 3
	TensorAttr    AttributeType = 4
	GraphAttr     AttributeType = 5
	FloatsAttr    AttributeType = 6
	IntsAttr      AttributeType = 7
	StringsAttr   AttributeType = 8
	TensorsAttr   AttributeType = 9
	GraphsAttr    AttributeType = 10
	TypeProtoAttr AttributeType = 13 // decoded without its value
)

var attributeNames = map[AttributeType]string{
	FloatAttr: "float", IntAttr: "int", StringAttr: "string", TensorAttr: "tensor",
	GraphAttr: "graph", FloatsAttr: "floats", IntsAttr: "ints", StringsAttr: "strings",
	TensorsAttr: "tensors", GraphsAttr: "graphs", TypeProtoAttr: "type",
}

// String returns the name of the type, such as "ints".
func (t AttributeType) String() string {
	if s, ok := attributeNames[t]; ok {
		return s
	}
	return fmt.Sprintf("attribute type %d", int32(t))
}

// Attribute is a constant that belongs to a node.
type Attribute struct {
	Name    string
	Type    AttributeType
	Float   float32
	Int     int64
	String  string
	Tensor  *Initializer
	Graph   *Graph
	Floats  []float32
	Ints    []int64
	Strings []string
	Tensors []Initializer
	Graphs  []Graph
	// Ref names an attribute of the enclosing function that gives the value.
	Ref string
}

// Ints returns an attribute of several integers.
func Ints(name string, v ...int64) Attribute {
	return Attribute{Name: name, Type: IntsAttr, Ints: v}
}

// Int returns an attribute of one integer.
func Int(name string, v int64) Attribute {
	return Attribute{Name: name, Type: IntAttr, Int: v}
}

// Float returns an attribute of one number.
func Float(name string, v float32) Attribute {
	return Attribute{Name: name, Type: FloatAttr, Float: v}
}

// String returns an attribute of text.
func String(name, v string) Attribute {
	return Attribute{Name: name, Type: StringAttr, String: v}
}

// Attribute returns the attribute with the given name, or nil.
func (n *Node) Attribute(name string) *Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	return nil
}

// attr finds an attribute and checks its type. It returns nil without an error if
// the attribute is absent.
func (n *Node) attr(name string, want AttributeType) (*Attribute, error) {
	a := n.Attribute(name)
	if a == nil {
		return nil, nil
	}
	if a.Ref != "" {
		return nil, fmt.Errorf("attribute %s refers to %q outside a function", name, a.Ref)
	}
	if a.Type != want {
		return nil, fmt.Errorf("attribute %s is of type %s, want %s", name, a.Type, want)
	}
	return a, nil
}

// Int returns the value of an attribute of one integer, or otherwise if it is absent.
// Another type is an error.
func (n *Node) Int(name string, otherwise int64) (int64, error) {
	a, err := n.attr(name, IntAttr)
	if a == nil {
		return otherwise, err
	}
	return a.Int, nil
}

// Ints returns the value of an attribute of several integers, or nil if it is
// absent. Another type is an error.
func (n *Node) Ints(name string) ([]int64, error) {
	a, err := n.attr(name, IntsAttr)
	if a == nil {
		return nil, err
	}
	return a.Ints, nil
}

// Float returns the value of an attribute of one number, or otherwise if it is absent.
// Another type is an error.
func (n *Node) Float(name string, otherwise float32) (float32, error) {
	a, err := n.attr(name, FloatAttr)
	if a == nil {
		return otherwise, err
	}
	return a.Float, nil
}

// Text is the value of an attribute of text, or otherwise when it is absent;
// another type is an error.
func (n *Node) Text(name, otherwise string) (string, error) {
	a, err := n.attr(name, StringAttr)
	if a == nil {
		return otherwise, err
	}
	return a.String, nil
}
