// Package summary describes networks: nodes with shapes, parameters, operations
// and bytes, of an ONNX file from anywhere or of a checkpoint. Start at [OfModel]
// and [OfCheckpoint].
package summary

import (
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// Summary describes a network.
type Summary struct {
	Name     string `json:"name"`
	Format   string `json:"format"` // "ONNX, IR version 8, opset 18", or "checkpoint"
	Producer string `json:"producer,omitempty"`

	Inputs  []Port `json:"inputs"`
	Outputs []Port `json:"outputs"`
	Nodes   []Node `json:"nodes"`

	// Parameters counts the numbers that the network owns, running statistics
	// among them. FLOPs are of one image, a multiply-add counted as two; nodes
	// whose shapes are not known count nothing. Bytes are those of the parameters.
	Parameters int64 `json:"parameters"`
	FLOPs      int64 `json:"flops"`
	Bytes      int64 `json:"bytes"`

	Labels     []string             `json:"labels,omitempty"`
	Preprocess *imageprep.Config    `json:"preprocess,omitempty"`
	Training   *checkpoint.Training `json:"training,omitempty"`
	// Metadata are the other entries of a file's metadata.
	Metadata map[string]string `json:"metadata,omitempty"`
}

// Port is an input or output.
type Port struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Node is one step of the network.
type Node struct {
	Name       string   `json:"name"`
	Op         string   `json:"op"`
	Detail     string   `json:"detail,omitempty"` // "3 x 3, stride 2"
	Inputs     []string `json:"inputs"`           // the nodes that it reads
	Shape      string   `json:"shape"`            // of its value
	Parameters int64    `json:"parameters"`
	FLOPs      int64    `json:"flops"`
	Bytes      int64    `json:"bytes"`
}

func (s *Summary) add(n Node) {
	s.Nodes = append(s.Nodes, n)
	s.Parameters += n.Parameters
	s.FLOPs += n.FLOPs
	s.Bytes += n.Bytes
}

// OfCheckpoint describes the network that is trained, with all its heads.
func OfCheckpoint(c *checkpoint.Checkpoint) (*Summary, error) {
	shapes, err := c.Spec.Shapes()
	if err != nil {
		return nil, err
	}
	_, flops, err := c.Spec.FLOPs()
	if err != nil {
		return nil, err
	}
	params, err := c.Spec.Params()
	if err != nil {
		return nil, err
	}
	count := map[string]int64{}
	for _, p := range params {
		count[p.Node] += int64(onnx.Elements(p.Shape))
	}
	s := &Summary{Name: c.Spec.Name, Format: "checkpoint", Labels: c.Labels, Preprocess: &c.Preprocess,
		Training: &c.Training}
	s.Inputs = []Port{{model.InputName, "uint8[N " + join(shapes[model.InputName], " ") + "]"}}
	for _, o := range c.Spec.Outputs {
		s.Outputs = append(s.Outputs, Port{o.Name, "float32[N " + join(shapes[o.Node], " ") + "]"})
	}
	for _, n := range c.Spec.Nodes {
		s.add(Node{Name: n.Name, Op: string(n.Op), Detail: detail(&n), Inputs: n.Inputs,
			Shape: join(shapes[n.Name], " x "), Parameters: count[n.Name], FLOPs: flops[n.Name], Bytes: 4 * count[n.Name]})
	}
	return s, nil
}

// detail is a node's settings in a few words.
func detail(n *model.Node) string {
	switch n.Op {
	case model.Conv, model.MaxPool, model.AvgPool:
		return window(n.Kernel[:], n.Stride[:], n.Pads[:], n.Groups)
	case model.Dropout:
		return fmt.Sprintf("%g", n.Rate)
	case model.Rescale:
		return fmt.Sprintf("x * %.4g %+.4g", n.Scale, n.Offset)
	case model.ReLU:
		if n.Max > 0 {
			return fmt.Sprintf("to %g", n.Max)
		}
	}
	return ""
}

// window says a geometry: "3 x 3, stride 2, pad 1, 32 groups".
func window[T int | int64](kernel, stride, pads []T, groups int) string {
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
