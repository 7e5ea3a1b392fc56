package report

import (
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/model/drawing"
	"github.com/flowerctl/flowerctl/train/picture"
)

// network draws a network with all its heads.
func network(spec *model.Spec) (picture.Picture, error) {
	shapes, err := spec.Shapes()
	if err != nil {
		return picture.Picture{}, err
	}
	params, err := spec.Params()
	if err != nil {
		return picture.Picture{}, err
	}
	owned := map[string]int64{}
	total := 0
	for _, p := range params {
		if p.Trainable {
			owned[p.Node] += int64(onnx.Elements(p.Shape))
			total += onnx.Elements(p.Shape)
		}
	}
	nodes := []drawing.Node{{Name: model.InputName, Op: "input",
		Shape: model.ShapeText(shapes[model.InputName])}}
	for _, n := range spec.Nodes {
		nodes = append(nodes, drawing.Node{Name: n.Name, Op: string(n.Op), Detail: n.Detail(),
			Shape: model.ShapeText(shapes[n.Name]), Parameters: owned[n.Name], Inputs: n.Inputs})
	}
	title := fmt.Sprintf("%s: %s trainable parameters", spec.Name, model.Thousands(total))
	return drawing.Network(title, nodes)
}
