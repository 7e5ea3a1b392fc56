package train_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/optim"
)

// run is a training of a preset on drawn flowers, as the program puts it
// together.
type run struct {
	arch    string
	size    int
	images  int
	augment augment.Policy
	ema     float64
	epochs  int
	dir     string
	resume  *checkpoint.Checkpoint
	observe train.Observer
	seed    uint64 // of the weights; resuming must not need the same
	// Where they are not empty, in place of the preset, adam at 0.003 and one-cycle:
	spec      func(size, classes int) (model.Spec, error)
	optimizer string
	rate      float64 // constant
	threads   int
}

func (r run) do(t *testing.T, ctx context.Context) (*train.Outcome, error) {
	t.Helper()
	cache, err := data.Drawn(t.Context(), r.images, r.size, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := cache.Set.Split(data.SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	loader := func(p data.Part, opts data.LoaderOptions) *data.Loader {
		opts.Batch, opts.Seed = 32, 1
		l, err := data.NewLoader(cache, cache.Set.Indices(p), opts)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	schedule := train.Schedule{}
	if r.rate == 0 {
		r.rate, r.optimizer, schedule.Name = 3e-3, "adam", train.OneCycle
	}
	if r.spec == nil {
		preset, err := arch.Find(r.arch)
		if err != nil {
			t.Fatal(err)
		}
		r.spec = preset.Build
	}
	spec, err := r.spec(r.size, cache.Set.Classes())
	if err != nil {
		t.Fatal(err)
	}
	weights, err := spec.NewWeights(r.seed)
	if err != nil {
		t.Fatal(err)
	}
	optimizer, err := optim.New(r.optimizer, optim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := engine.Default(r.threads)
	if err != nil {
		t.Fatal(err)
	}
	network, err := nn.New(spec, weights, nn.Config{Engine: engine, Optimizer: optimizer, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := train.Run(ctx, train.Config{
		Stepper: network, Epochs: r.epochs, LearningRate: r.rate, EMA: r.ema,
		Schedule:   schedule,
		Train:      loader(data.Train, data.LoaderOptions{Shuffle: true, Augment: r.augment}),
		Validation: loader(data.Val, data.LoaderOptions{}),
		Facts: checkpoint.Checkpoint{Spec: spec, Labels: cache.Set.Labels, Preprocess: cache.Config,
			Training: checkpoint.Training{DataDigest: cache.Set.Digest(), Seed: 1, Optimizer: r.optimizer}},
		Dir: r.dir, Resume: r.resume, Observer: r.observe,
	})
	if err := errors.Join(network.Close(), engine.Close()); err != nil {
		t.Fatal(err)
	}
	return outcome, err
}

func TestTinyLearnsDrawnFlowers(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for some seconds; -short is set")
	}
	o, err := run{arch: "tiny", size: 64, images: 1000, epochs: 10, seed: 1}.do(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("validation accuracy %.3f", o.Best.ValAccuracy)
	if o.Best.ValAccuracy < 0.8 {
		t.Errorf("validation accuracy %.3f, want at least 0.8", o.Best.ValAccuracy)
	}
}

// stopper cancels a run after some steps.
type stopper struct {
	steps  int
	cancel context.CancelFunc
}

func (s *stopper) Progress(p train.Progress) {
	if s.steps--; s.steps == 0 {
		s.cancel()
	}
}
func (*stopper) EpochDone(train.Epoch, bool) {}
func (*stopper) Warn(string)                 {}

// TestNetworksResumeBitForBit stops a network with batch norm, dropout,
// augmentation and an average in the middle of an epoch.
func TestNetworksResumeBitForBit(t *testing.T) {
	r := run{arch: "resnet-small", size: 32, images: 120, epochs: 2, ema: 0.9, seed: 1,
		augment: augment.Policy{FlipH: 0.5, Rotate: 15, Mixup: 0.2}, dir: t.TempDir()}
	if _, err := r.do(t, t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, steps := range []int{2, 4} { // in the first epoch; in its validation
		part := r
		part.dir = t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		part.observe = &stopper{steps, cancel}
		if _, err := part.do(t, ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after step %d: got error %v, want that it was cancelled", steps, err)
		}
		var err error
		if part.resume, err = checkpoint.Load(filepath.Join(part.dir, train.LastFile)); err != nil {
			t.Fatal(err)
		}
		part.observe, part.seed = nil, 2
		if _, err := part.do(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{train.BestFile, train.LastFile} {
			want, err := os.ReadFile(filepath.Join(r.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(filepath.Join(part.dir, name)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("stopped after step %d: %s differs from that of the run that did not stop (%v)", steps, name, err)
			}
		}
	}
}
