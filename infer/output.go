package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

// outputProbabilities is what flowerctl export calls the answer.
const outputProbabilities = "probabilities"

// floatTypes are the types of numbers that an answer may have.
var floatTypes = []string{"float32", "float64", "float16"}

// OutputError says that the output that was asked for is not there.
type OutputError struct {
	Name  string
	Names []string // of those that are there
}

func (e *OutputError) Error() string {
	return fmt.Sprintf("no output %q, there are: %s", e.Name, strings.Join(e.Names, ", "))
}

// chooseOutput takes the output of a name, else the one called probabilities, else the
// one that suits best: one that has a number per class is better than one that may have,
// float32 is the best type, and auxiliary ones come last. Of equals it is the first.
func (c *Classifier) chooseOutput(m *ort.Model, asked string) error {
	var found *ort.Port
	best := 0
	var able, names []string
	for i, p := range m.Outputs {
		r := c.suits(p)
		if r > 1 {
			able = append(able, p.Name)
		}
		names = append(names, p.Name)
		if asked == "" && r > best || asked != "" && p.Name == asked {
			best, found = r, &m.Outputs[i]
		}
	}
	if found == nil && asked != "" {
		return &OutputError{asked, names}
	}
	if found == nil {
		return &LabelsError{Labels: len(c.labels), From: c.from, Outputs: m.Outputs}
	}
	c.width = len(c.labels)
	n := classes(found.Shape)
	c.free = n < 0
	switch {
	case n == 1 && c.width == 2:
		c.width = 1
	case n >= 0 && n != c.width:
		return &LabelsError{Labels: c.width, From: c.from, Outputs: []ort.Port{*found}, Named: true}
	}
	if m.Decoded != nil {
		if err := checkScores(m.Decoded, found.Name, found.Shape, c.width); err != nil {
			return err
		}
	}
	if !slices.Contains(floatTypes, found.Type) {
		return fmt.Errorf("output %s: got %s, want float32, float64 or float16", found.Name, found.Type)
	}
	c.output, c.named = found.Name, found.Name
	if asked == "" && c.output != outputProbabilities {
		c.others = slices.DeleteFunc(able, func(name string) bool { return name == c.output })
	}
	if m.Decoded != nil {
		c.ending = endingOf(&m.Decoded.Graph, c.output)
		c.linear = isLinear(&m.Decoded.Graph, c.output)
		c.sigmoid = c.ending == probabilities && endsInSigmoid(&m.Decoded.Graph, c.output)
	}
	if c.output == outputProbabilities && (c.linear || c.ending == logits) {
		c.ending, c.linear = unclear, false // the name and the graph disagree: it is tried
	}
	return nil
}

// suits is how well an output can be the answer, 0 for not at all.
func (c *Classifier) suits(p ort.Port) int {
	n := classes(p.Shape)
	switch {
	case p.Name == outputProbabilities:
		return 10
	case n == 1 && len(c.labels) == 2 && slices.Contains(floatTypes, p.Type):
		return 2
	case n >= 0 && n != len(c.labels):
		return 0
	case !slices.Contains(floatTypes, p.Type):
		return 1
	case n < 0:
		return 3 - auxiliary(p)
	case p.Type != "float32":
		return 5 - auxiliary(p)
	}
	return 7 - auxiliary(p)
}

// auxiliary is 1 for an output that is called one of a second head, which helps training
// only, and 0 for others.
func auxiliary(p ort.Port) int {
	if strings.Contains(strings.ToLower(p.Name), "aux") {
		return 1
	}
	return 0
}

// classes is the number of values per image of an output, -1 if it is free, and 0
// for a scalar.
func classes(shape []int) int {
	switch {
	case shape != nil && len(shape) == 0:
		return 0
	case len(shape) < 2:
		return -1
	}
	return max(-1, onnx.Elements(shape[1:]))
}

// prepare makes runs compute nothing but the answer, and the features of the class map
// where there is one to explain with. Features, and an answer of float16, are read
// through a Cast to float32, which is added to the model here. What the file does to
// images of other sizes is left out.
func (c *Classifier) prepare(m *ort.Model, o *ort.Options) (*ort.Model, error) {
	o.Outputs = []string{c.output}
	half := slices.ContainsFunc(m.Outputs, func(p ort.Port) bool {
		return p.Name == c.output && p.Type == "float16"
	})
	if m.Decoded == nil {
		return m, nil // explained by occlusion
	}
	g := &m.Decoded.Graph
	shorter := c.input.bytes && leaveOut(g, c.prep.Size)
	if c.explains {
		c.classMap = findClassMap(m.Decoded, len(c.labels))
	}
	if !half && c.classMap == nil {
		if shorter {
			return m.Edited(), nil
		}
		return m, nil
	}
	g.Outputs = slices.DeleteFunc(slices.Clone(g.Outputs), func(v onnx.ValueInfo) bool {
		return v.Name != c.output
	})
	if half {
		c.output = widen(g, c.output)
		g.Outputs = g.Outputs[1:]
		o.Outputs = []string{c.output}
	}
	if c.classMap != nil {
		c.classMap.features = widen(g, c.classMap.features)
		o.Outputs = append(o.Outputs, c.classMap.features)
		o.Name = "" // it is the name of the model without these changes
	}
	return m.Edited(), nil
}

// widen adds a value in float32 to the outputs, and returns the name of it.
func widen(g *onnx.Graph, value string) string {
	name := value + "_float32"
	for writerOf(g, name) != nil || g.Initializer(name) != nil {
		name += "_"
	}
	g.Nodes = append(g.Nodes, onnx.Node{Name: name, Op: "Cast",
		Inputs: []string{value}, Outputs: []string{name},
		Attributes: []onnx.Attribute{onnx.Int("to", int64(onnx.Float32))}})
	g.Outputs = append(g.Outputs, onnx.ValueInfo{Name: name, Elem: onnx.Float32})
	return name
}
