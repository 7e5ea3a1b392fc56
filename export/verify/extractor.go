package verify

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/features"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

// Part says what of a network was compared with what. A network that starts with an
// extractor is proven in parts: gorgonia does not read the extractor.
type Part struct {
	Name      string `json:"name"`      // "extractor"
	Reference string `json:"reference"` // the engine whose values the file's are compared with
	Checked   string `json:"checked"`   // how, for people
}

// extract makes gorgonia's network start with an extractor's file, in onnxruntime on the
// CPU.
func (g *gorgonia) extract(file []byte) error {
	x, err := features.Open(file, ort.Options{})
	if err != nil {
		return err
	}
	g.extractor, g.forward.Extractor = x, x
	return nil
}

// extractor opens the extractor of the reference, if the network starts with one, and
// says in the report which part is proven by what.
func (v *verification) extractor() error {
	n := v.checkpoint.Spec.Extractor()
	if n == nil {
		return nil
	}
	if err := v.gorgonia.extract(v.checkpoint.Extractor); err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	engine := v.gorgonia.extractor.Engine()
	how, err := v.sameExtractor()
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	v.report.Parts = []Part{
		{"preprocessing", "flowerctl's own, in Go",
			"the answers at the network's size; other sizes below"},
		{n.Name, engine + " on the run's extractor.onnx", how + "; no second engine computes it"},
		{"head", "gorgonia", "the logits, from these features"},
	}
	v.report.Reference.Name = "gorgonia, on features by " + engine
	return nil
}

// sameExtractor compares the extractor in the file with the run's, node by node and
// byte by byte, and says so.
func (v *verification) sameExtractor() (string, error) {
	want, err := onnx.Decode(v.checkpoint.Extractor)
	if err != nil {
		return "", err
	}
	name := v.checkpoint.Spec.Extractor().Name
	for i := range want.Graph.Nodes {
		n := want.Graph.Nodes[i]
		if slices.Contains(n.Outputs, export.Features) {
			n.Name, n.Outputs = name, []string{name}
		}
		if got := v.model.Graph.Node(n.Name); got == nil || !sameNode(got, &n) {
			v.report.problem("node %s of the extractor is not that of the run", n.Name)
			return "its nodes differ", nil
		}
	}
	if v.metadata.Precision != export.FP32 {
		return fmt.Sprintf("its %d nodes are those of that file, weights are narrower",
			len(want.Graph.Nodes)), nil
	}
	for i := range want.Graph.Initializers {
		w := &want.Graph.Initializers[i]
		got := v.model.Graph.Initializer(w.Name)
		if got == nil || got.Elem != w.Elem || !slices.Equal(got.Dims, w.Dims) ||
			!bytes.Equal(got.Raw, w.Raw) {

			v.report.problem("weight %s of the extractor is not that of the run", w.Name)
			return "its weights differ", nil
		}
	}
	return fmt.Sprintf("its %d nodes and %d weights are those of that file, bit for bit",
		len(want.Graph.Nodes), len(want.Graph.Initializers)), nil
}

// sameNode compares all that decides what a node computes.
func sameNode(a, b *onnx.Node) bool {
	return a.Op == b.Op && a.Domain == b.Domain && slices.Equal(a.Inputs, b.Inputs) &&
		slices.Equal(a.Outputs, b.Outputs) && reflect.DeepEqual(a.Attributes, b.Attributes)
}
