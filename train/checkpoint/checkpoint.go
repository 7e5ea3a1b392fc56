// Package checkpoint saves and loads a network: its Spec, its weights, the state of its
// optimizer, and how it was made. It never imports gorgonia or onnxruntime. Start at
// [Save] and [Load].
//
// # The file
//
// A checkpoint is a safetensors file, see train/safetensors, which every library of
// that format reads. Weights come first, under their names in the Spec and in its
// order, then the optimizer's accumulators, under "optimizer/" and their names
// ("optimizer/m/conv1.weight"), with the shape of their parameter. The metadata:
//
//	format      "flowerctl checkpoint 1"
//	spec        model.Spec as JSON
//	labels      list of names as JSON
//	preprocess  imageprep.Config as JSON
//	training    Training as JSON
//	optimizer   {"name","step"}, only with an optimizer
//	loop        Loop, only where there is one
//
// Equal checkpoints are equal files: there is no time in them.
package checkpoint

import (
	"encoding/json"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Checkpoint is a trained network and the state of its training.
type Checkpoint struct {
	Spec       model.Spec
	Weights    model.Weights
	Labels     []string         // names of the classes, by index
	Preprocess imageprep.Config // of the images it was trained on
	Training   Training
	// Optimizer is nil in a checkpoint that is only for inference.
	Optimizer *optim.State
	// Loop is the state of the training loop (best epoch, patience, schedule), in a
	// format that only the loop knows.
	Loop json.RawMessage
	// Extractor is the ONNX file of a Spec that starts with one. It lies beside
	// checkpoints and not in them: Save leaves it out, and Load leaves it nil.
	Extractor []byte
}

// Training says how the weights were made; it is written into the ONNX file.
type Training struct {
	DataDigest  string             `json:"data_digest"` // SHA-256 over split.csv's lines
	Split       string             `json:"split"`       // "stratified 80/20"
	Images      int                `json:"images"`
	Validation  int                `json:"validation_images"`
	Seed        uint64             `json:"seed"`
	Epoch       int                `json:"epoch"` // epochs done
	Step        uint64             `json:"step"`
	Optimizer   string             `json:"optimizer"`
	Precision   string             `json:"precision,omitempty"` // of the steps; "" for fp32
	Metrics     map[string]float64 `json:"metrics,omitempty"`
	ToolVersion string             `json:"flowerctl_version"`
}
