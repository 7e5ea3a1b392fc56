package export

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// ErrExtractor means that a network which starts with an extractor cannot be written as
// the options ask: its layers stay as they are in its file.
var ErrExtractor = errors.New("the network starts with an extractor, whose layers stay as they are")

// extractorOf is the extractor's file of a network that starts with one, and the options
// with its operator set where that is newer than the default.
func extractorOf(c *checkpoint.Checkpoint, o Options) (*onnx.Model, Options, error) {
	n := c.Spec.Extractor()
	if n == nil {
		return nil, o, nil
	}
	if sum := sha256.Sum256(c.Extractor); hex.EncodeToString(sum[:]) != n.File.SHA256 {
		return nil, o, fmt.Errorf("node %s: got a file with SHA-256 %x, want %s", n.Name, sum,
			n.File.SHA256)
	}
	if err := CheckPrecision(c, o.Precision); err != nil {
		return nil, o, err
	}
	m, err := onnx.Decode(c.Extractor)
	if err != nil {
		return nil, o, fmt.Errorf("node %s: %w", n.Name, err)
	}
	set := int(m.Opset(""))
	if o.Opset == DefaultOpset {
		o.Opset = set
	}
	if o.Opset != set {
		return nil, o, fmt.Errorf("operator set %d: %w: want %d", o.Opset, ErrExtractor, set)
	}
	return m, o, nil
}

// CheckPrecision is an ErrExtractor for a precision that a network which starts with an
// extractor cannot have.
func CheckPrecision(c *checkpoint.Checkpoint, p Precision) error {
	if c.Spec.Extractor() == nil || p == FP32 || p == FP16Weights || p == "" {
		return nil
	}
	return fmt.Errorf("precision %s: %w: want %s or %s", p, ErrExtractor, FP32, FP16Weights)
}

// otherSets are the operator sets of a model besides ONNX' own.
func otherSets(m *onnx.Model) []onnx.Opset {
	return slices.DeleteFunc(slices.Clone(m.Opsets), func(o onnx.Opset) bool {
		return o.Domain == "" || o.Domain == "ai.onnx"
	})
}

// extract puts the extractor's nodes and weights into the graph. Its values have names of
// their own there, see package export/extractor; its result gets the node's name.
func (g *graph) extract(n *model.Node) error {
	if g.extractor == nil {
		return fmt.Errorf("there is no file for it")
	}
	from := &g.extractor.Graph
	for _, t := range from.Initializers {
		if g.opts.Precision == FP16Weights && t.Elem == onnx.Float32 && t.Elements() >= leastHalved {
			v, err := t.Tensor()
			if err != nil {
				return err
			}
			g.cast(t.Name, t.Name, g.constant(onnx.NewHalf(t.Name+"/half", v)), onnx.Float32)
			continue
		}
		g.constant(t)
	}
	for _, node := range from.Nodes {
		last := slices.Contains(node.Outputs, Features)
		if !last && !strings.HasPrefix(node.Name, n.Name+"/") {
			return fmt.Errorf("node %q of its file: want a name that begins with %s/", node.Name, n.Name)
		}
		if last {
			node.Name, node.Outputs = n.Name, []string{g.value[n.Name]}
		}
		g.Nodes = append(g.Nodes, node)
	}
	g.elem[g.value[n.Name]] = onnx.Float32
	g.Values = append(g.Values, onnx.TensorInfo(g.value[n.Name], onnx.Float32, onnx.Symbol("N"),
		onnx.Known(n.Units)))
	return nil
}
