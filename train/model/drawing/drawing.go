// Package drawing draws a network: boxes with names and shapes, in layers from top
// to bottom, and arrows between them. It needs no other program. Start at [Network].
package drawing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/picture"
)

// Node is a node of a network, of a Spec or of an ONNX graph.
type Node struct {
	Name       string
	Op         string   // what it computes; decides the colour
	Detail     string   // a few words: "3 x 3, stride 2"
	Shape      string   // of its value
	Parameters int64    // that it owns
	Inputs     []string // names of earlier nodes; other names are left out
	// Part, if it is not empty, is the name of a box that the node shares with the
	// nodes before it of the same Part.
	Part string
}

// Network draws nodes, which are in topological order, under a title. Activations,
// norms, dropout and conversions are in the box of the node that they read, if they
// are its only reader.
func Network(title string, nodes []Node) (picture.Picture, error) {
	p, err := arrange(boxesOf(nodes))
	if err != nil {
		return picture.Picture{}, fmt.Errorf("drawing of %s: %w", title, err)
	}
	return p.picture(title), nil
}

// box is a node with those that are drawn with it.
type box struct {
	name   string
	op     string
	detail string
	after  []string // names of the nodes that follow in it
	shape  string
	params int64
	inputs []string // boxes
}

// input marks a box that computes nothing, into which no other node goes.
const input = "input"

// follows are the ops that go into the box of the node that they read.
var follows = map[string]bool{
	"batchnorm": true, "relu": true, "sigmoid": true, "hardsigmoid": true, "silu": true,
	"hardswish": true, "dropout": true, "softmax": true,
	"BatchNormalization": true, "Relu": true, "Clip": true, "LeakyRelu": true,
	"Sigmoid": true, "HardSigmoid": true, "HardSwish": true,
	"PRelu": true, "Elu": true, "Dropout": true, "Softmax": true, "Identity": true,
	"QuantizeLinear": true, "DequantizeLinear": true,
}

// boxesOf groups nodes.
func boxesOf(nodes []Node) []box {
	readers := map[string]int{}
	for _, n := range nodes {
		for _, in := range n.Inputs {
			readers[in]++
		}
	}
	var boxes []box
	at := map[string]int{} // a box by the node in it, or by its part
	for _, n := range nodes {
		var inputs []int
		for _, in := range n.Inputs {
			if i, ok := at[in]; ok && !slices.Contains(inputs, i) {
				inputs = append(inputs, i)
			}
		}
		into := -1
		if i, ok := at["part "+n.Part]; ok && n.Part != "" {
			into = i
		} else if len(inputs) == 1 && len(n.Inputs) == 1 && follows[n.Op] &&
			readers[n.Inputs[0]] == 1 && boxes[inputs[0]].op != input {
			into = inputs[0]
		}
		if into >= 0 {
			boxes[into].add(n)
			at[n.Name] = into
			continue
		}
		b := box{name: n.Name, op: n.Op, detail: n.Detail, shape: n.Shape, params: n.Parameters}
		if n.Part != "" {
			b.name, at["part "+n.Part] = n.Part, len(boxes)
		}
		for _, i := range inputs {
			b.inputs = append(b.inputs, boxes[i].name)
		}
		at[n.Name] = len(boxes)
		boxes = append(boxes, b)
	}
	return boxes
}

// add puts a node into the box, under the last word of its name.
func (b *box) add(n Node) {
	b.shape = n.Shape
	b.params += n.Parameters
	if n.Part == "" {
		prefix := b.name[:strings.LastIndexAny(b.name, "_/")+1]
		b.after = append(b.after, strings.TrimPrefix(n.Name, prefix))
	}
}
