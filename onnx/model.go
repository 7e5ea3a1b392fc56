package onnx

// Model is an ONNX file.
type Model struct {
	IRVersion       int64 // version of the file format, 8 in files written here
	Opsets          []Opset
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	Doc             string
	Graph           Graph
	Metadata        []Property // metadata_props, in the order of the file
	Functions       []Function // operators that the file itself defines
}

// Opset is the version of a set of operators. Domain "" is ONNX' own.
type Opset struct {
	Domain  string
	Version int64
}

// Property is one entry of a model's metadata.
type Property struct{ Key, Value string }

// Graph is a network: nodes in topological order, and the weights they read.
type Graph struct {
	Name         string
	Doc          string
	Nodes        []Node
	Initializers []Initializer
	Inputs       []ValueInfo
	Outputs      []ValueInfo
	Values       []ValueInfo // optional types of the values between
}

// Node applies one operator. An empty input name is an optional input that
// is omitted.
type Node struct {
	Name       string
	Op         string
	Domain     string // "" is ONNX' own
	Inputs     []string
	Outputs    []string
	Attributes []Attribute
	Doc        string
}

// Function is an operator defined by nodes in the file.
type Function struct {
	Domain, Name    string
	Inputs, Outputs []string
	Attributes      []string // names of attributes without a default
	Defaults        []Attribute
	Opsets          []Opset
	Nodes           []Node
}

// ValueInfo is the type of a value. Only tensors have Elem, Dims and Ranked.
type ValueInfo struct {
	Name   string
	Kind   Kind
	Elem   ElemType
	Ranked bool  // the rank is known; otherwise Dims means nothing
	Dims   []Dim // empty for a scalar
}

// Kind is the sort of a value. Networks for images have tensors only.
type Kind uint8

// The kinds of values.
const (
	TensorKind   Kind = iota
	NoKind            // the file says nothing
	SequenceKind      // what these hold is not decoded, and they cannot be encoded
	MapKind
	OptionalKind
	SparseKind
)

// Dim is the length of an axis. Value is -1 if it is not known; then Param may be
// its name. Equal names mean equal lengths.
type Dim struct {
	Value int64
	Param string
}

// Known returns the dimension of length n.
func Known(n int) Dim { return Dim{Value: int64(n)} }

// Symbol returns a dimension of unknown length with a name.
func Symbol(name string) Dim { return Dim{Value: -1, Param: name} }

// Opset returns the version of the operators of a domain, or 0 if the model does
// not import it. The domain "ai.onnx" is the same as "".
func (m *Model) Opset(domain string) int64 {
	for _, o := range m.Opsets {
		if plainDomain(o.Domain) == plainDomain(domain) {
			return o.Version
		}
	}
	return 0
}

func plainDomain(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

// Property returns the metadata entry with the given key.
func (m *Model) Property(key string) (value string, ok bool) {
	for _, p := range m.Metadata {
		if p.Key == key {
			return p.Value, true
		}
	}
	return "", false
}

// Node returns the node with the given name, or nil.
func (g *Graph) Node(name string) *Node {
	for i := range g.Nodes {
		if g.Nodes[i].Name == name {
			return &g.Nodes[i]
		}
	}
	return nil
}

// Initializer returns the initializer with the given name, or nil.
func (g *Graph) Initializer(name string) *Initializer {
	for i := range g.Initializers {
		if g.Initializers[i].Name == name {
			return &g.Initializers[i]
		}
	}
	return nil
}

// TensorInfo returns the type of a tensor of known rank.
func TensorInfo(name string, elem ElemType, dims ...Dim) ValueInfo {
	return ValueInfo{Name: name, Elem: elem, Ranked: true, Dims: dims}
}
