// Package summary describes networks, from any ONNX file or from a checkpoint:
// nodes with their shapes, parameters, operations and bytes. It never imports gorgonia
// or onnxruntime. Start at [OfModel] and [OfCheckpoint].
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

	// Parameters counts the numbers that the network owns; Trainable leaves out the
	// running statistics of batch norms. FLOPs are those of one image, a multiply-add
	// counts as two; nodes of unknown shape count nothing. Bytes are the size of the
	// parameters.
	Parameters int64 `json:"parameters"`
	Trainable  int64 `json:"trainable"`
	FLOPs      int64 `json:"flops"`
	Bytes      int64 `json:"bytes"`

	Labels     []string             `json:"labels,omitempty"`
	Preprocess *imageprep.Config    `json:"preprocess,omitempty"`
	Training   *checkpoint.Training `json:"training,omitempty"`
	// Of a file that another program wrote: who named the classes, how pictures are
	// prepared and what of that is assumed, what was left out of its metadata, and why
	// its shapes are not known.
	LabelsFrom  string   `json:"labels_from,omitempty"`
	Preparation string   `json:"preparation,omitempty"`
	Assumed     []string `json:"assumed,omitempty"`
	Notes       []string `json:"notes,omitempty"`
	// Metadata has the other entries of a file's metadata.
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

	statistics int64 // the parameters that no gradient trains
}

func (s *Summary) add(n Node) {
	s.Nodes = append(s.Nodes, n)
	s.Parameters += n.Parameters
	s.Trainable += n.Parameters - n.statistics
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
	count, statistics := map[string]int64{}, map[string]int64{}
	for _, p := range params {
		count[p.Node] += int64(onnx.Elements(p.Shape))
		if !p.Trainable {
			statistics[p.Node] += int64(onnx.Elements(p.Shape))
		}
	}
	s := &Summary{Name: c.Spec.Name, Format: "checkpoint", Labels: c.Labels, Preprocess: &c.Preprocess,
		Training: &c.Training}
	s.Inputs = []Port{{model.InputName, "uint8[N " + words(shapes[model.InputName]) + "]"}}
	for _, o := range c.Spec.Outputs {
		s.Outputs = append(s.Outputs, Port{o.Name, "float32[N " + words(shapes[o.Node]) + "]"})
	}
	if n := c.Spec.Extractor(); n != nil { // whose numbers no gradient trains
		count[n.Name], statistics[n.Name] = n.File.Parameters, n.File.Parameters
	}
	for _, n := range c.Spec.Nodes {
		s.add(Node{Name: n.Name, Op: string(n.Op), Detail: n.Detail(), Inputs: n.Inputs,
			Shape: model.ShapeText(shapes[n.Name]), Parameters: count[n.Name],
			FLOPs: flops[n.Name], Bytes: 4 * count[n.Name], statistics: statistics[n.Name]})
	}
	return s, nil
}

// words is a shape without its brackets.
func words(shape []int) string { return strings.Trim(fmt.Sprint(shape), "[]") }
