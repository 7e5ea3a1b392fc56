package verify

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// Layer is the comparison of one node's values.
type Layer struct {
	Name string `json:"name"`
	Op   string `json:"op"`
	Difference
	// Differs says that it is more than the tolerance.
	Differs bool `json:"differs"`
	// Missing says that the file has no node of the name.
	Missing bool `json:"missing,omitempty"`
}

// trace gives the values of all nodes for images, by name.
type trace func(ctx context.Context, images onnx.Tensor) (map[string]onnx.Tensor, error)

// compareNodes compares two engines node by node, in the order of the network, on
// images [N S S 3]. The first layer that differs is the one with the mistake.
func compareNodes(ctx context.Context, spec *model.Spec, want, got trace, x onnx.Tensor,
	tolerance float64) ([]Layer, error) {

	reference, err := want(ctx, x)
	if err != nil {
		return nil, err
	}
	values, err := got(ctx, x)
	if err != nil {
		return nil, err
	}
	if v, ok := values[model.InputName]; ok && reference[model.InputName].Data == nil {
		reference[model.InputName] = likePixels(x, v)
	}
	nodes := append([]model.Node{{Name: model.InputName, Op: "preprocess"}}, spec.Nodes...)
	var layers []Layer
	for _, n := range nodes {
		layer := Layer{Name: n.Name, Op: string(n.Op)}
		v, ok := values[n.Name]
		w, known := reference[n.Name]
		if !ok || !known {
			if n.Name != model.InputName {
				layer.Missing = true
				layers = append(layers, layer)
			}
			continue
		}
		if layer.Difference, err = Compare(w, v); err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Name, err)
		}
		layer.Differs = layer.MaxRel > tolerance
		layers = append(layers, layer)
	}
	return layers, nil
}

// likePixels are images in the layout of the network's input v, [N 3 S S].
func likePixels(x, v onnx.Tensor) onnx.Tensor {
	t := bare(x, export.Rescale{Scale: 1})
	if len(v.Shape) == 4 && v.Shape[2] == t.Shape[2] && v.Shape[3] == t.Shape[3] {
		return t
	}
	return v
}

// firstDifference is the first layer over the tolerance, or nil.
func firstDifference(layers []Layer) *Layer {
	for i := range layers {
		if layers[i].Differs {
			return &layers[i]
		}
	}
	return nil
}

// Resizing is the comparison of the file's own preprocessing with imageprep, on
// images of sizes other than the network's.
type Resizing struct {
	Name string `json:"name"` // of the image
	W    int    `json:"width"`
	H    int    `json:"height"`
	// MaxLevels is the largest difference of a pixel, in grey levels of 255. float32
	// may round a level the other way: 1 is right.
	MaxLevels   float64 `json:"max_grey_levels"`
	MeanLevels  float64 `json:"mean_grey_levels"`
	LogitsRel   float64 `json:"logits_rel_diff"`
	ArgmaxEqual bool    `json:"argmax_equal"`
	Differs     bool    `json:"differs"`
}

// maxLevels is the largest allowed difference of preprocessing, in grey levels.
const maxLevels = 1

// resizing compares preprocessing on images of any size. The file has to give the
// network's input as well, see openLayers.
func resizing(ctx context.Context, reference forward, file *runtimeFile, config imageprep.Config,
	list []original) ([]Resizing, error) {

	var out []Resizing
	for _, o := range list {
		at := onnx.NewTensor(1, o.image.H, o.image.W, 3)
		floats(at.Data, o.image.Pix)
		values, err := file.run(ctx, at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.name, err)
		}
		prepared := onnx.NewTensor(1, config.Size, config.Size, 3)
		floats(prepared.Data, config.Apply(o.image).Pix)
		pixels, err := Compare(bare(prepared, export.Rescale{Scale: 1}), values[export.FloatInput])
		if err != nil {
			return nil, fmt.Errorf("%s, preprocessed: %w", o.name, err)
		}
		want, err := reference(ctx, prepared)
		if err != nil {
			return nil, err
		}
		logits, err := Compare(want, values[export.Logits])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.name, err)
		}
		out = append(out, Resizing{Name: o.name, W: o.image.W, H: o.image.H, MaxLevels: pixels.MaxAbs,
			MeanLevels: pixels.MeanRel * pixels.MaxAbs / max(pixels.MaxRel, 1e-300),
			LogitsRel:  logits.MaxRel, ArgmaxEqual: logits.ArgmaxEqual == 1,
			Differs: pixels.MaxAbs > maxLevels})
	}
	return out, nil
}
