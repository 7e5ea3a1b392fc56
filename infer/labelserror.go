package infer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/ort"
)

// LabelsError says that a network has another number of classes than labels were given.
type LabelsError struct {
	Labels  int
	From    string // who named them, "" for the options
	Outputs []ort.Port
	Named   bool // the one output is the answer by its name
}

func (e *LabelsError) Error() string {
	labels := fmt.Sprintf("got %d labels", e.Labels)
	if e.Labels == 1 {
		labels = "got 1 label"
	}
	if e.From != "" {
		labels += " of " + e.From
	}
	var ports []string
	for _, p := range e.Outputs {
		ports = append(ports, p.String())
	}
	if n := classes(e.Outputs[0].Shape); len(e.Outputs) == 1 && n > 0 {
		if e.Named {
			return fmt.Sprintf("%s, but output %s has %d classes", labels, e.Outputs[0].Name, n)
		}
		return fmt.Sprintf("%s, but no output has that many classes: the network has %d (%s)", labels, n,
			ports[0])
	}
	return fmt.Sprintf("%s, but no output has that many classes (%s)", labels,
		strings.Join(ports, ", "))
}

// Hint is what helps.
func (e *LabelsError) Hint() string {
	if e.From == "" {
		return ""
	}
	return fmt.Sprintf("%s: want one name a line, in the network's order", e.From)
}

// noTensor is an error for scikit-learn's classifiers, whose probabilities are a list of maps
// unless they are converted without ZipMap.
func noTensor(m *ort.Model) error {
	if slices.ContainsFunc(m.Outputs, func(p ort.Port) bool {
		return slices.Contains(floatTypes, p.Type)
	}) {
		return nil
	}
	i := slices.IndexFunc(m.Outputs, func(p ort.Port) bool { return p.Type == "not a tensor" })
	if i < 0 {
		return nil
	}
	name := m.Outputs[i].Name
	if m.Decoded != nil {
		if n := writerOf(&m.Decoded.Graph, name); n == nil || n.Op != "ZipMap" {
			return fmt.Errorf("output %s: a sequence or a map, want a tensor of numbers", name)
		}
	}
	return &ZipMapError{Output: cmp.Or(name, "?")}
}

// ZipMapError says that a network's probabilities are maps and no numbers.
type ZipMapError struct{ Output string }

func (e *ZipMapError) Error() string {
	return fmt.Sprintf("output %s: ZipMap makes a list of maps of it, want a tensor", e.Output)
}

// Hint is what makes a tensor of it.
func (e *ZipMapError) Hint() string {
	return "convert the classifier again with zipmap=False: skl2onnx.to_onnx(model, x, " +
		"options={\"zipmap\": False})"
}
