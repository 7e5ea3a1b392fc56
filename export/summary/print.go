package summary

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/model/drawing"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/table"
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
	if err := s.nodes().WriteText(w); err != nil {
		return err
	}
	trainable := ""
	if s.Trainable != s.Parameters {
		trainable = fmt.Sprintf(", %d of them trainable", s.Trainable)
	}
	fmt.Fprintf(w, "\n%d nodes, %d parameters%s (%.1f MB), %.3f GFLOPs an image\n", len(s.Nodes),
		s.Parameters, trainable, float64(s.Bytes)/1e6, float64(s.FLOPs)/1e9)
	if len(s.Labels) > 0 {
		from := ""
		if s.LabelsFrom != "" {
			from = " of " + s.LabelsFrom
		}
		fmt.Fprintf(w, "labels%s: %s\n", from, table.Some(s.Labels))
	}
	if s.Preparation != "" {
		fmt.Fprintf(w, "preprocessing: %s\n", s.Preparation)
	}
	if len(s.Assumed) > 0 {
		fmt.Fprintf(w, "assumed: %s\n", strings.Join(s.Assumed, ", "))
	}
	for _, note := range s.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	if p := s.Preprocess; p != nil {
		fmt.Fprintf(w, "preprocessing: %d x %d, %s\n", p.Size, p.Size, p.Resize)
	}
	if t := s.Training; t != nil {
		fmt.Fprintf(w, "training: %s, %d for validation (%s), epoch %d, seed %d, %s\n",
			table.Count(t.Images, "image"), t.Validation, t.Split, t.Epoch, t.Seed, t.Optimizer)
		for _, name := range sorted(t.Metrics) {
			fmt.Fprintf(w, "  %s %.4f\n", name, t.Metrics[name])
		}
	}
	for _, key := range sorted(s.Metadata) {
		fmt.Fprintf(w, "%s: %.200s\n", key, s.Metadata[key])
	}
	return nil
}

// nodes has a row for each node. Its header is an ordinary row, so that units keep
// their small letters.
func (s *Summary) nodes() *table.Table {
	var t table.Table
	t.Add("node", "op", "", "shape", "parameters", "   MFLOPs", "        kB")
	for _, n := range s.Nodes {
		t.Add(n.Name, n.Op, n.Detail, n.Shape, fmt.Sprintf("%10d", n.Parameters),
			fmt.Sprintf("%9.3f", float64(n.FLOPs)/1e6), fmt.Sprintf("%10.1f", float64(n.Bytes)/1e3))
	}
	return &t
}

func sorted[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Picture draws the network. The preprocessing is one box; constants are left out.
func (s *Summary) Picture() (picture.Picture, error) {
	// The exporter names the steps of a node after it, as in globalavgpool1/mean.
	inSteps := map[string]bool{}
	for _, n := range s.Nodes {
		if before, _, ok := strings.Cut(n.Name, "/"); ok {
			inSteps[before] = true
		}
	}
	var nodes []drawing.Node
	for _, p := range s.Inputs {
		nodes = append(nodes, drawing.Node{Name: p.Name, Op: "input", Shape: p.Type})
	}
	for _, n := range s.Nodes {
		if n.Op == "Constant" {
			continue
		}
		d := drawing.Node{Name: n.Name, Op: n.Op, Detail: n.Detail, Shape: n.Shape,
			Parameters: n.Parameters, Inputs: n.Inputs}
		switch before, _, _ := strings.Cut(n.Name, "/"); {
		case strings.HasPrefix(n.Name, "preprocess"):
			d.Op, d.Part = "preprocess", "preprocess"
		case inSteps[before] && s.has(before):
			d.Part = before
		}
		nodes = append(nodes, d)
	}
	title := fmt.Sprintf("%s: %s parameters, %.2f GFLOPs", s.Name, model.Thousands(s.Parameters),
		float64(s.FLOPs)/1e9)
	return drawing.Network(title, nodes)
}

func (s *Summary) has(name string) bool {
	return slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Name == name })
}
