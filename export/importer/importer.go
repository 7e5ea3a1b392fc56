// Package importer reads an ONNX classifier as a network that can be trained.
//
// It is the inverse of package export: each node of the file's graph becomes a
// node of a model.Spec with the same name, and initializers become weights. It
// reads what other programs write too, in other forms: padding as a node of its
// own or as a rule, images with the channels last, means over axes, matrix
// products, constants that are computed. What the closed set of ops cannot say
// is an [UnsupportedError], which names the node.
//
// The package never imports gorgonia or onnxruntime. Start at [Import].
package importer

import (
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/model"
)

// Options say what to read. The zero value reads a file as it is.
type Options struct {
	// Size is the side of the square images, pixels. 0 means that of the file,
	// which then has to say one; a file that says another one is refused.
	Size int
	// Name is the name of the network; "" means the file's.
	Name string
	// Output is the output to read; "" means the classifier's: of the outputs
	// that depend on the last layer with weights, the last one.
	Output string
	// Momentum is that of the batch norms; 0 means DefaultMomentum. Files have
	// one too, but it is no more than the default of the program that wrote them.
	Momentum float64
}

// DefaultMomentum is the weight of the old running statistic in batch norms that
// have been imported. It is PyTorch's and ONNX' default; Keras' 0.99 would need
// hundreds of steps to follow new photographs.
const DefaultMomentum = 0.9

// Network is what a file holds.
type Network struct {
	// Spec takes pixels where the file rescales them itself or its metadata say
	// how; else Normalised is false, and it takes what the file takes. Without a
	// head it has no outputs, and is complete only with the one that ReplaceHead
	// adds.
	Spec    model.Spec
	Weights model.Weights
	// Cut is the node whose value is the feature vector: what is before the
	// last layer with weights. Its shape is [K], or [C H W] where the classifier
	// is a convolution before a global pool.
	Cut string
	// Head is that last layer, a Dense or Conv; "" without a head.
	Head string
	// Classes is the length of the head's answer; 0 without a head.
	Classes int
	// Labels are the names of the classes; nil where the file has none.
	Labels []string
	// Preprocess says how photographs become squares; nil where the file does not.
	Preprocess *imageprep.Config
	// Normalised says that Spec starts with what turns pixels, 0 to 255, into the
	// numbers that the network was trained with. Normalise adds that.
	Normalised bool
	// Notes are remarks for a person, one sentence each.
	Notes []string
}

// UnsupportedError says which node of a file cannot be read, and why.
type UnsupportedError struct {
	Node   string // its name, or that of its value where it has none
	Op     string // the ONNX operator
	Reason string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("node %s (%s): %s", e.Node, e.Op, e.Reason)
}

// Import reads the classifier of a model. Neither the model nor its weights are
// shared with the result.
func Import(m *onnx.Model, o Options) (*Network, error) {
	if o.Momentum == 0 {
		o.Momentum = DefaultMomentum
	}
	r, err := newReader(m, o)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	n, err := r.read()
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return n, nil
}
