package nn

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/numbers"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Loss names what training minimises.
type Loss string

// The losses. Label smoothing, mixed images and class weights are in the
// batch's targets and weights.
const (
	// CrossEntropy is that of the softmax, see newCrossEntropyLoss, and in a network of
	// several labels an image that of each label, see newBinaryCrossEntropyLoss.
	CrossEntropy Loss = "crossentropy"
	SquaredError Loss = "mse" // of the probabilities, see newSquaredErrorLoss
)

// Losses lists them, the default first.
func Losses() []Loss { return []Loss{CrossEntropy, SquaredError} }

// Precision names the numbers that the convolutions of a step multiply. All else is in
// float32 always: activations between the layers, sums, weights, gradients and the
// optimizer's state; and so is evaluation, so that a network is judged as it is exported.
type Precision string

// The precisions.
const (
	FP32 Precision = "fp32"
	// BF16 rounds what a convolution multiplies to bfloat16, 8 bits of precision with the
	// range of float32, where it reads 16 channels or more and is in one group: others
	// are limited by memory, or see pixels.
	BF16 Precision = "bf16"
)

// Precisions lists them, the default first.
func Precisions() []Precision { return []Precision{FP32, BF16} }

// leastBF16Channels is how many channels a convolution in bfloat16 reads at least.
const leastBF16Channels = 16

// Config is how a network trains.
type Config struct {
	// Engine computes. The caller closes it, after the network. One that is also an
	// optim.Vector computes the norms of the gradients.
	Engine    kernel.Engine[float32]
	Optimizer optim.Optimizer
	Loss      Loss      // CrossEntropy when empty
	Precision Precision // of the steps; FP32 when empty
	// PositiveWeights multiply, in a network of several labels an image, the loss of the
	// images that have a label, as PyTorch's pos_weight: one number a label; nil means 1.
	PositiveWeights []float32
	Seed            uint64 // of dropout
	// Memory is how many bytes the activations and gradients of a batch may take, see
	// [MemoryError]; 0 for any number.
	Memory int64
	// ClipNorm scales the gradients down when the norm of all of them together is
	// larger (Keras' global_clipnorm); 0 never does.
	ClipNorm float64
	// FrozenBatchNorm keeps the running statistics and normalises by them, for
	// fine-tuning on little data.
	FrozenBatchNorm bool
	// Frozen names nodes whose parameters are not trained: they have no gradient and
	// no state in the optimizer, and the backward pass ends where only frozen nodes
	// would need it. Batch norms among them normalise by their running statistics and
	// keep them. Nodes without parameters are not changed: a dropout still drops.
	Frozen []string
	// Extractor computes the features of a model.Extract node, for batches that do not
	// have them; nil in networks without one.
	Extractor Extractor
	// TrainSize is the side in pixels of the images that the steps take, 0 for the
	// network's own. Evaluation and the measuring of statistics are at the network's own
	// size always. It is for networks whose parameters are the same at both sizes, as with
	// global pooling before the head: training on smaller images takes less time, and
	// random crops, enlarged, show things at the scale at which whole images do later
	// (Touvron et al., Fixing the train-test resolution discrepancy, 2019).
	TrainSize int
	// Rates has factors on the learning rate, over 0, by the name of the node; 1 for
	// nodes that it does not name. It has no effect on nodes without parameters.
	Rates map[string]float64
}

// check fills in the defaults and checks the settings against the network.
func (c *Config) check(spec *model.Spec) error {
	if c.Engine == nil || c.Optimizer == nil {
		return errors.New("network without an engine or an optimizer: Config needs both")
	}
	if c.Loss == "" {
		c.Loss = CrossEntropy
	}
	if c.Precision == "" {
		c.Precision = FP32
	}
	if !slices.Contains(Precisions(), c.Precision) {
		return fmt.Errorf("precision %q, want one of %v", c.Precision, Precisions())
	}
	if !slices.Contains(Losses(), c.Loss) {
		return fmt.Errorf("loss %q, want one of %v", c.Loss, Losses())
	}
	switch n := len(c.PositiveWeights); {
	case spec.MultiLabel() && c.Loss != CrossEntropy:
		return fmt.Errorf("loss %q of several labels an image, want %s", c.Loss, CrossEntropy)
	case n > 0 && (!spec.MultiLabel() || n != spec.Classes):
		return fmt.Errorf("%d positive weights for the %d classes of network %s, want one for each label "+
			"of a network of several labels an image", n, spec.Classes, spec.Name)
	}
	if c.Memory < 0 {
		return fmt.Errorf("memory of %d bytes, want 0 (any) or more", c.Memory)
	}
	if !(c.ClipNorm >= 0) {
		return fmt.Errorf("clip norm %g, want 0 (never) or more", c.ClipNorm)
	}
	if err := c.checkTrainSize(spec); err != nil {
		return err
	}
	for _, name := range c.Frozen {
		if spec.Node(name) == nil {
			return fmt.Errorf("network %s has no node %q to freeze", spec.Name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Rates)) {
		if spec.Node(name) == nil {
			return fmt.Errorf("network %s has no node %q, whose learning rate is to change",
				spec.Name, name)
		}
		if rate := c.Rates[name]; !(rate > 0) || !numbers.Finite(rate) {
			return fmt.Errorf("node %s: factor %g on the learning rate, want over 0 and finite: "+
				"freeze a node that is not to learn", name, rate)
		}
	}
	return nil
}

// checkTrainSize refuses a size of images in training at which the network would have
// other parameters, or none.
func (c *Config) checkTrainSize(spec *model.Spec) error {
	if c.TrainSize == 0 {
		return nil
	}
	own, err := spec.Params()
	if err != nil {
		return err
	}
	at := *spec
	at.Input[1], at.Input[2] = c.TrainSize, c.TrainSize
	if _, err = at.Shapes(); err != nil {
		return fmt.Errorf("network %s on images of %d pixels in training: %w", spec.Name, c.TrainSize, err)
	}
	there, err := at.Params()
	if err != nil {
		return fmt.Errorf("network %s on images of %d pixels in training: %w", spec.Name, c.TrainSize, err)
	}
	for i := range own {
		if !slices.Equal(own[i].Shape, there[i].Shape) {
			return fmt.Errorf("network %s has parameters %s of %v for images of %d pixels and %v for "+
				"%d: it can be trained at its own size only", spec.Name, own[i].Name, own[i].Shape,
				spec.Input[1], there[i].Shape, c.TrainSize)
		}
	}
	return nil
}
