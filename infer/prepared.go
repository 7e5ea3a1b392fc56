package infer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
)

// Files of flowerctl export resize images themselves, in nodes whose names begin with
// preparing. These leave an image of the network's size as it is, and this package
// gives a file no other: see [Classifier.Classify]. So they are left out of the graph
// that is opened, but for a Cast and a Transpose.
const preparing = "preprocess"

// prepared are the steps of export that are known to change nothing then, by
// [digestOf]: those of all versions, so that none is ever removed.
var prepared = []string{
	"4524ad1e74e216e1", // stretch, by MatMul
	"0475659d2d40388d", // crop, by MatMul
	"a48348c58f9dae3b", // stretch, by Resize
	"475257cb6deddbf9", // crop, by Resize
}

// leaveOut removes from a graph the resizing that an image of size pixels a side does
// not need. It changes nothing where it does not know all of the steps by name, operator
// and order, and reports whether it did.
func leaveOut(g *onnx.Graph, size int) bool {
	steps := slices.IndexFunc(g.Nodes, func(n onnx.Node) bool {
		return !strings.HasPrefix(n.Name, preparing)
	})
	if steps < 3 || !resizesTo(g, size) || !slices.Contains(prepared, digestOf(g, steps)) {
		return false
	}
	inside := map[string]bool{}
	for _, n := range g.Nodes[:steps-1] {
		inside[n.Outputs[0]] = true
	}
	for _, out := range g.Outputs {
		if inside[out.Name] {
			return false
		}
	}
	for _, n := range g.Nodes[steps:] {
		if slices.ContainsFunc(n.Inputs, func(in string) bool { return inside[in] }) {
			return false
		}
	}
	transpose := g.Nodes[1]
	transpose.Outputs = g.Nodes[steps-1].Outputs
	g.Nodes = append([]onnx.Node{g.Nodes[0], transpose}, g.Nodes[steps:]...)
	g.Initializers = slices.DeleteFunc(slices.Clone(g.Initializers), func(t onnx.Initializer) bool {
		return strings.HasPrefix(t.Name, preparing+"/")
	})
	image := g.Inputs[0]
	image.Dims = slices.Clone(image.Dims)
	image.Dims[1], image.Dims[2] = onnx.Known(size), onnx.Known(size)
	g.Inputs = []onnx.ValueInfo{image}
	return true
}

// resizesTo says whether the graph takes images and makes them size pixels a side.
func resizesTo(g *onnx.Graph, size int) bool {
	if len(g.Inputs) != 1 || len(g.Inputs[0].Dims) != 4 || g.Inputs[0].Elem != onnx.Uint8 {
		return false
	}
	side := g.Initializer(preparing + "/size")
	if side == nil {
		return false
	}
	v, err := side.Int64s()
	return err == nil && slices.Equal(v, []int64{int64(size)})
}

// digestOf tells the first steps of a graph from others: by their names, operators,
// values, attributes and constants, but for the lengths that go with a size.
func digestOf(g *onnx.Graph, steps int) string {
	h := sha256.New()
	for i := range g.Nodes[:steps] {
		n := &g.Nodes[i]
		fmt.Fprintf(h, "%q %q %q %q %q\n", n.Name, n.Domain, n.Op, n.Inputs, n.Outputs)
		for _, a := range n.Attributes {
			fmt.Fprintf(h, "%q %d %g %q %d\n", a.Name, a.Int, a.Float, a.String, a.Ints)
		}
	}
	for i := range g.Initializers {
		t := &g.Initializers[i]
		if strings.HasPrefix(t.Name, preparing+"/") && t.Name != preparing+"/size" &&
			!strings.HasSuffix(t.Name, "_places") {
			fmt.Fprintf(h, "%q %d %v %x\n", t.Name, t.Elem, t.Dims, t.Raw)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
