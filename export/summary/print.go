package summary

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/flowerctl/flowerctl/export/drawing"
)

// WriteTable writes the summary for people.
func (s *Summary) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s", s.Name, s.Format)
	if s.Producer != "" {
		fmt.Fprintf(w, ", by %s", s.Producer)
	}
	fmt.Fprintln(w)
	for _, p := range s.Inputs {
		fmt.Fprintf(w, "input  %s %s\n", p.Name, p.Type)
	}
	for _, p := range s.Outputs {
		fmt.Fprintf(w, "output %s %s\n", p.Name, p.Type)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "node\top\t\tshape\tparameters\t   MFLOPs\t        kB")
	for _, n := range s.Nodes {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%10d\t%9.3f\t%10.1f\n", n.Name, n.Op, n.Detail, n.Shape, n.Parameters,
			float64(n.FLOPs)/1e6, float64(n.Bytes)/1e3)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d nodes, %d parameters (%.1f MB), %.3f GFLOPs an image\n", len(s.Nodes), s.Parameters,
		float64(s.Bytes)/1e6, float64(s.FLOPs)/1e9)
	if len(s.Labels) > 0 {
		fmt.Fprintf(w, "labels: %s\n", strings.Join(s.Labels, ", "))
	}
	if p := s.Preprocess; p != nil {
		fmt.Fprintf(w, "preprocessing: %d x %d, %s\n", p.Size, p.Size, p.Resize)
	}
	if t := s.Training; t != nil {
		fmt.Fprintf(w, "training: %d images, %d for validation (%s), epoch %d, seed %d, %s\n",
			t.Images, t.Validation, t.Split, t.Epoch, t.Seed, t.Optimizer)
		for _, name := range sorted(t.Metrics) {
			fmt.Fprintf(w, "  %s %.4f\n", name, t.Metrics[name])
		}
	}
	for _, key := range sorted(s.Metadata) {
		fmt.Fprintf(w, "%s: %.200s\n", key, s.Metadata[key])
	}
	return nil
}

func sorted[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// WriteSVG draws the network. What only prepares or converts is left out or made
// one box: preprocessing, quantisation, constants; activations stand in the box
// of the layer that they follow.
func (s *Summary) WriteSVG(w io.Writer) error {
	readers, nodes := map[string]int{}, map[string]bool{}
	for _, n := range s.Nodes {
		nodes[n.Name] = true
		for _, in := range n.Inputs {
			readers[in]++
		}
	}
	var boxes []drawing.Box
	at := map[string]int{}        // a box by its name
	stands := map[string]string{} // the box that a node is part of
	for _, p := range s.Inputs {
		at[p.Name], stands[p.Name] = len(boxes), p.Name
		boxes = append(boxes, drawing.Box{Name: p.Name, Op: "input", Shape: p.Type})
	}
	for _, n := range s.Nodes {
		if n.Op == "Constant" {
			continue
		}
		inputs := parents(n, stands)
		if i, ok := at[one(inputs)]; ok && (merges(n, readers) || boxes[i].Name == n.Name) {
			b := &boxes[i]
			if stands[n.Name] = b.Name; activation(n.Op) {
				b.Detail = strings.TrimSpace(b.Detail + " + " + n.Op)
			}
			b.Shape = n.Shape
			continue
		}
		name, op := n.Name, n.Op
		if whole, _, ok := strings.Cut(name, "/"); ok && nodes[whole] {
			name = whole // the exporter's steps are called after their node, as in globalavgpool1/mean
		}
		if strings.HasPrefix(name, "preprocess") {
			name, op = "preprocess", "preprocess"
		}
		if i, ok := at[name]; ok { // more of the preprocessing
			stands[n.Name], boxes[i].Shape = name, n.Shape
			continue
		}
		at[name], stands[n.Name] = len(boxes), name
		boxes = append(boxes, drawing.Box{Name: name, Op: op, Detail: n.Detail, Shape: n.Shape, Inputs: inputs})
	}
	title := fmt.Sprintf("%s: %d parameters, %.2f GFLOPs", s.Name, s.Parameters, float64(s.FLOPs)/1e9)
	return drawing.Write(w, title, boxes)
}

// parents are the boxes that a node reads, each once.
func parents(n Node, stands map[string]string) []string {
	var list []string
	seen := map[string]bool{}
	for _, in := range n.Inputs {
		if name, ok := stands[in]; ok && !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

func one(list []string) string {
	if len(list) != 1 {
		return ""
	}
	return list[0]
}

func activation(op string) bool {
	switch op {
	case "relu", "Relu", "Clip", "LeakyRelu", "Sigmoid", "HardSwish", "PRelu", "Elu":
		return true
	}
	return false
}

// merges says whether a node is drawn with the one that it alone reads.
func merges(n Node, readers map[string]int) bool {
	if len(n.Inputs) != 1 {
		return false
	}
	if n.Op == "QuantizeLinear" || n.Op == "DequantizeLinear" || n.Op == "Identity" {
		return true
	}
	return activation(n.Op) && readers[n.Inputs[0]] == 1
}
