package model

import (
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/table"
)

// Table is the network for people, a node a line.
func (s *Spec) Table() (*table.Table, error) {
	shapes, err := s.Shapes()
	if err != nil {
		return nil, err
	}
	params, err := s.Params()
	if err != nil {
		return nil, err
	}
	owned := map[string]int{}
	for _, p := range params {
		owned[p.Node] += onnx.Elements(p.Shape)
	}
	trainable, running, err := s.Count()
	if err != nil {
		return nil, err
	}
	t := table.New("node", "op", "inputs", "shape", "parameters")
	frozen := ""
	if n := s.Extractor(); n != nil {
		frozen = fmt.Sprintf(", %s frozen", Thousands(n.File.Parameters))
		owned[n.Name] = int(n.File.Parameters)
	}
	for _, n := range s.Nodes {
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(shapes[n.Name]), " ", " x "), "[]")
		t.Add(n.Name, n.Op, strings.Join(n.Inputs, " "), shape, Thousands(owned[n.Name]))
	}
	t.Add("all", "", "", "", fmt.Sprintf("%s trainable, %s running statistics%s",
		Thousands(trainable), Thousands(running), frozen))
	return t, nil
}
