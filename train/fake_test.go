package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

const (
	fakeSize    = 2
	fakePixels  = 3 * fakeSize * fakeSize
	fakeClasses = 2
)

type fakeImage struct {
	pixels [fakePixels]uint8
	class  int
}

// fakeImages are dark images of class 0 and bright ones of class 1, with noise.
func fakeImages(n int, seed uint64) []fakeImage {
	rng := rand.New(rand.NewPCG(seed, 1))
	images := make([]fakeImage, n)
	for i := range images {
		images[i].class = i % fakeClasses
		for j := range images[i].pixels {
			images[i].pixels[j] = uint8(rng.IntN(180) + 60*images[i].class)
		}
	}
	return images
}

// fakeSource deals out images in an order that depends on the epoch.
type fakeSource struct {
	images  []fakeImage
	batch   int
	shuffle bool
	onBatch func(epoch, step int) // called before each batch
}

func (s fakeSource) Len() int   { return len(s.images) }
func (s fakeSource) Steps() int { return (len(s.images) + s.batch - 1) / s.batch }

func (s fakeSource) Batches(ctx context.Context, epoch int) iter.Seq2[*data.Batch, error] {
	order := make([]int, len(s.images))
	for i := range order {
		order[i] = i
	}
	if s.shuffle {
		rand.New(rand.NewPCG(uint64(epoch), 2)).Shuffle(len(order), func(i, j int) {
			order[i], order[j] = order[j], order[i]
		})
	}
	return func(yield func(*data.Batch, error) bool) {
		step := 0
		for part := range slices.Chunk(order, s.batch) {
			if s.onBatch != nil {
				s.onBatch(epoch, step)
			}
			step++
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			b := &data.Batch{N: len(part), Size: fakeSize, Classes: fakeClasses}
			for _, i := range part {
				b.Pixels = append(b.Pixels, s.images[i].pixels[:]...)
				target := make([]float32, fakeClasses)
				target[s.images[i].class] = 1
				b.Targets = append(b.Targets, target...)
				b.Labels = append(b.Labels, s.images[i].class)
				b.Indices = append(b.Indices, i)
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// fakeStepper is a softmax regression on the pixels. Each step leaves out one
// pixel, chosen by the step's number, in the way of dropout.
type fakeStepper struct {
	spec    model.Spec
	weights model.Weights
	grads   model.Weights
	params  []optim.Param
	opt     optim.Optimizer
	step    uint64

	stepHook func(step uint64) (loss float64, override bool)
	// tooFast says that a step comes to a loss that is not finite.
	tooFast func(step uint64, lr float64) bool
	answer  []float32 // when not nil, Evaluate's for every image
}

func fakeSpec(t testing.TB) model.Spec {
	t.Helper()
	b := model.NewBuilder("fake", fakeSize, fakeClasses)
	b.Flatten()
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func newFake(t testing.TB, optimizer string, seed uint64) *fakeStepper {
	t.Helper()
	f := &fakeStepper{spec: fakeSpec(t)}
	var err error
	if f.weights, err = f.spec.NewWeights(seed); err != nil {
		t.Fatal(err)
	}
	f.grads = f.weights.Clone()
	if f.opt, err = optim.New(optimizer, optim.Config{}); err != nil {
		t.Fatal(err)
	}
	params, _ := f.spec.Params()
	for _, p := range params {
		f.params = append(f.params, optim.Param{
			Name: p.Name, Value: f.weights[p.Name].Data, Grad: f.grads[p.Name].Data})
	}
	return f
}

// run is the forward pass, and with training the backward pass.
func (f *fakeStepper) run(b *data.Batch, training bool) Result {
	w, bias := f.weights["logits.weight"].Data, f.weights["logits.bias"].Data
	dw, db := f.grads["logits.weight"].Data, f.grads["logits.bias"].Data
	clear(dw)
	clear(db)
	r := Result{N: b.N, Correct: []int{0}}
	for i := range b.N {
		x := make([]float32, fakePixels)
		for j := range x {
			x[j] = float32(b.Pixels[i*fakePixels+j])/128 - 1
		}
		if training {
			x[f.step%fakePixels] = 0
		}
		p, sum := make([]float32, fakeClasses), float32(0)
		for c := range p {
			z := bias[c]
			for j, v := range x {
				z += w[c*fakePixels+j] * v
			}
			p[c] = float32(math.Exp(float64(z)))
			sum += p[c]
		}
		best := 0
		for c := range p {
			p[c] /= sum
			if p[c] > p[best] {
				best = c
			}
			d := (p[c] - b.Targets[i*fakeClasses+c]) / float32(b.N)
			db[c] += d
			for j, v := range x {
				dw[c*fakePixels+j] += d * v
			}
		}
		r.Loss -= math.Log(float64(p[b.Labels[i]])) / float64(b.N)
		if best == b.Labels[i] {
			r.Correct[0]++
		}
		r.Probabilities = append(r.Probabilities, p...)
	}
	return r
}

func (f *fakeStepper) Step(ctx context.Context, b *data.Batch, lr float64) (Result, error) {
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("the step was cancelled: %w", ctx.Err())
	}
	r := f.run(b, true)
	if f.stepHook != nil {
		if loss, ok := f.stepHook(f.step); ok {
			r.Loss = loss
			return r, nil
		}
	}
	if f.tooFast != nil && f.tooFast(f.step, lr) {
		return Result{}, &NotFiniteError{During: Stepping, Err: errors.New("too fast")}
	}
	if f.answer != nil { // a dead network trains so too
		r.Correct[0] = 0
		for _, label := range b.Labels {
			if f.answer[label] == slices.Max(f.answer) {
				r.Correct[0]++
			}
		}
	}
	f.opt.Update(f.params, lr)
	f.step++
	return r, nil
}

func (f *fakeStepper) Evaluate(ctx context.Context, b *data.Batch) (Result, error) {
	r := f.run(b, false)
	if f.answer != nil {
		r.Probabilities, r.Loss, r.Correct[0] = slices.Repeat(f.answer, b.N), 0, 0
		for _, label := range b.Labels {
			r.Loss -= math.Log(float64(f.answer[label])) / float64(b.N)
			if f.answer[label] == slices.Max(f.answer) {
				r.Correct[0]++
			}
		}
	}
	return r, nil
}

// Measure has nothing to do but to read the images: the network has no batch norms.
func (f *fakeStepper) Measure(_ context.Context, images iter.Seq2[*data.Batch, error]) error {
	for _, err := range images {
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *fakeStepper) Weights() model.Weights { return f.weights }
func (f *fakeStepper) State() State           { return State{f.step, f.opt.State()} }
func (f *fakeStepper) Close() error           { return nil }

func (f *fakeStepper) Restore(s State) error {
	f.step = s.Step
	return f.opt.Restore(s.Optimizer)
}

// fakeConfig is a run that learns: 40 images in batches of 8, 6 epochs.
func fakeConfig(t testing.TB, dir string) Config {
	t.Helper()
	return Config{
		Stepper:    newFake(t, "adam", 1),
		Train:      fakeSource{images: fakeImages(40, 1), batch: 8, shuffle: true},
		Validation: fakeSource{images: fakeImages(20, 2), batch: 7},
		Facts: checkpoint.Checkpoint{
			Spec: fakeSpec(t), Labels: []string{"dark", "bright"},
			Preprocess: imageprep.Config{Size: fakeSize, Resize: imageprep.Stretch},
			Training:   checkpoint.Training{DataDigest: "d", Seed: 1, Optimizer: "adam"},
		},
		Epochs: 6, LearningRate: 0.01, Dir: dir,
	}
}
