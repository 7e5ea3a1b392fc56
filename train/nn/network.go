package nn

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/numbers"
	"github.com/flowerctl/flowerctl/train/optim"
)

// Network trains and evaluates. It implements train.Stepper.
type Network struct {
	cfg     Config
	source  source[float32]
	weights model.Weights
	vector  optim.Vector
	step    uint64

	programs map[use]*program[float32]
	params   []optim.Param // trainable
	norms    []float64     // of their gradients, in the last step
	features []float32     // of the batch, with an extractor
	stats    []statistic
	profile  Profile
	waiting  waiting
}

var _ train.Stepper = (*Network)(nil)

// use is what a graph is for.
type use struct {
	n, side int // images, and their side in pixels
	purpose purpose
}

// purpose is what a batch is run through the network for.
type purpose int

const (
	answering purpose = iota
	training
	measuring // see Network.Measure
)

// statistic is a running statistic of a batch norm, and its value before the
// step, for steps that fail.
type statistic struct {
	now, before []float32
	mean        int // of a variance: the place of its mean in Network.stats; else -1
}

// New makes a network of a description and its weights, which it shares: steps
// write into w, and the network sees what others write there.
func New(spec model.Spec, w model.Weights, cfg Config) (*Network, error) {
	if err := cfg.check(&spec); err != nil {
		return nil, err
	}
	src, err := newSource(spec, w, cfg.Engine)
	if err != nil {
		return nil, err
	}
	src.loss, src.fused, src.positive = cfg.Loss, true, cfg.PositiveWeights
	src.memory.limit = cfg.Memory
	n := &Network{cfg: cfg, weights: w, programs: map[use]*program[float32]{}}
	var ok bool
	if n.vector, ok = cfg.Engine.(optim.Vector); !ok {
		n.vector = optim.NewVector(cfg.Engine.Threads())
	}
	if n.params = freeze(&src, cfg.Frozen, cfg.Rates); len(n.params) == 0 {
		return nil, fmt.Errorf("network %s: all parameters are frozen, want at least one to train",
			spec.Name)
	}
	n.source, n.stats = src, statistics(&src)
	n.norms = make([]float64, len(n.params))
	n.waiting = newWaiting(cfg.Engine)
	return n, nil
}

// newSource checks the weights against the spec.
func newSource(spec model.Spec, w model.Weights, engine kernel.Engine[float32]) (
	source[float32], error) {

	if err := spec.CheckWeights(w); err != nil {
		return source[float32]{}, err
	}
	params, err := spec.Params()
	values := make(tensors[float32], len(params))
	for _, p := range params {
		values[p.Name] = w[p.Name].Data
	}
	return source[float32]{
		spec: spec, params: params, values: values, engine: engine,
		memory: &workspace[float32]{},
	}, err
}

// program returns the graph for a batch, which the first batch of a size makes.
func (n *Network) program(images, side int, why purpose) (*program[float32], error) {
	key := use{images, side, why}
	if p := n.programs[key]; p != nil {
		return p, nil
	}
	p, err := n.source.sized(side).compile(images, mode{
		Train: why == training, Measure: why == measuring,
		FrozenBatchNorm: n.cfg.FrozenBatchNorm, Seed: n.cfg.Seed,
		BF16: why == training && n.cfg.Precision == BF16})
	if err != nil {
		return nil, ofImages(err, images)
	}
	n.programs[key] = p
	return p, nil
}

// Step is one update by the batch, as train.Stepper says.
func (n *Network) Step(ctx context.Context, b *data.Batch, lr float64) (train.Result, error) {
	p, err := n.prepare(ctx, b, training)
	if err != nil {
		return train.Result{}, err
	}
	for _, s := range n.stats {
		copy(s.before, s.now)
	}
	n.waiting.before()
	begin := time.Now()
	if err := n.forwardBackward(p, b); err != nil {
		n.restoreStats()
		return train.Result{}, err
	}
	start := time.Now()
	if err := n.updateSafely(b, lr); err != nil {
		return train.Result{}, err
	}
	n.profile.Optimizer += time.Since(start)
	n.waiting.after(time.Since(begin))
	n.profile.Steps++
	n.step++
	return n.result(p, b), nil
}

// forwardBackward leaves the gradients of the batch in n.params, all finite.
func (n *Network) forwardBackward(p *program[float32], b *data.Batch) error {
	start := time.Now()
	p.Step = n.step
	n.feed(p, b)
	run := time.Now()
	n.profile.Input += run.Sub(start)
	if err := p.Run(); err != nil {
		return err
	}
	done := time.Now()
	n.profile.run += done.Sub(run)
	for i, param := range n.params {
		n.norms[i] = math.Sqrt(n.vector.SumSquares(param.Grad))
	}
	n.profile.Optimizer += time.Since(done)
	loss := p.lossValue()
	if numbers.Finite(loss + n.norm()) {
		return n.statisticsFinite(train.Stepping, b)
	}
	// The same run again, with the same dropout and statistics, but checking every value.
	n.restoreStats()
	n.feed(p, b)
	f, err := p.NotFinite()
	if err != nil {
		return err
	}
	where := "in none of its nodes"
	if f != nil {
		where = fmt.Sprintf("in node %s (%s)", f.Name, f.Phase)
	}
	return notFinite(train.Stepping, b, "loss %g, gradient norm %g: the first value that is not finite "+
		"is %s", loss, n.norm(), where)
}

// Evaluate answers as in inference, as train.Stepper says. The loss and the
// counts are those of all heads.
func (n *Network) Evaluate(ctx context.Context, b *data.Batch) (train.Result, error) {
	p, err := n.prepare(ctx, b, answering)
	if err != nil {
		return train.Result{}, err
	}
	n.feed(p, b)
	if err := p.Run(); err != nil {
		return train.Result{}, err
	}
	r := n.result(p, b)
	r.Probabilities = p.Read(p.probabilities[0])
	return r, nil
}

// prepare checks the batch and finds its graph.
func (n *Network) prepare(ctx context.Context, b *data.Batch, why purpose) (
	*program[float32], error) {

	if err := ctx.Err(); err != nil {
		return nil, err
	}
	spec := &n.source.spec
	in := spec.Input
	if why == training && n.cfg.TrainSize > 0 {
		in[1], in[2] = n.cfg.TrainSize, n.cfg.TrainSize
	}
	switch {
	case b.N < 1:
		return nil, fmt.Errorf("batch of %d images, want 1 or more", b.N)
	case b.Features == nil &&
		(b.Size != in[1] || b.Size != in[2] || in[0] != 3 || len(b.Pixels) != b.N*3*in[1]*in[2]):
		return nil, fmt.Errorf("batch of %d images of %d x %d in %d bytes, network %s wants %v",
			b.N, b.Size, b.Size, len(b.Pixels), spec.Name, in)
	case b.Classes != spec.Classes || len(b.Targets) != b.N*b.Classes || len(b.Labels) != b.N:
		return nil, fmt.Errorf("batch of %d classes, %d targets and %d labels for %d images, "+
			"network %s has %d classes",
			b.Classes, len(b.Targets), len(b.Labels), b.N, spec.Name, spec.Classes)
	case (b.Present != nil) != spec.MultiLabel() || b.Present != nil && len(b.Present) != b.N*b.Classes:
		return nil, fmt.Errorf("batch of %d images with the labels of %d: network %s has several labels "+
			"an image: %t", b.N, len(b.Present)/b.Classes, spec.Name, spec.MultiLabel())
	case b.Weights != nil && len(b.Weights) != b.N:
		return nil, fmt.Errorf("batch of %d images has %d weights", b.N, len(b.Weights))
	}
	var err error
	if n.features, err = n.featuresOf(ctx, b); err != nil {
		return nil, err
	}
	return n.program(b.N, b.Size, why)
}

// feed writes the batch into the graph's inputs.
func (n *Network) feed(p *program[float32], b *data.Batch) {
	p.write(n.cfg.Engine, b.Pixels, n.features)
	copy(p.Write(p.targets), b.Targets)
	weights := p.Write(p.weights)
	for i := range weights {
		weights[i] = 1
	}
	copy(weights, b.Weights)
}

// result reads the loss and counts the right answers, by head.
func (n *Network) result(p *program[float32], b *data.Batch) train.Result {
	r := train.Result{N: b.N, Loss: p.lossValue(), Correct: make([]int, len(p.logits))}
	for head, logits := range p.logits {
		if b.Present != nil {
			r.Correct[head] = exact(p.Read(logits), b.Present, b.Classes)
			continue
		}
		r.Correct[head] = correct(p.Read(logits), b.Labels)
	}
	return r
}

// exact counts the rows of k logits that are over 0, a probability of a half, for the
// labels that the image has, and for no others.
func exact(logits []float32, present []bool, k int) (count int) {
	for from := 0; from < len(logits); from += k {
		right := 1
		for i := from; i < from+k; i++ {
			if logits[i] >= 0 != present[i] {
				right = 0
			}
		}
		count += right
	}
	return count
}

// correct counts the rows of logits whose arg-max is their label.
func correct(logits []float32, labels []int) int {
	k, count := len(logits)/len(labels), 0
	for i, label := range labels {
		if numbers.ArgMax(logits[i*k:(i+1)*k]) == label {
			count++
		}
	}
	return count
}

func (p *program[T]) lossValue() float64 { return float64(p.Read(p.loss)[0]) }

// norm is the norm of all gradients together.
func (n *Network) norm() float64 {
	sum := 0.0
	for _, v := range n.norms {
		sum += v * v
	}
	return math.Sqrt(sum)
}

func (n *Network) restoreStats() {
	for _, s := range n.stats {
		copy(s.now, s.before)
	}
}
