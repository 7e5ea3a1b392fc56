package train_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/race"
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
	measure bool // the statistics of batch norms
	bf16    bool
	batch   int // 32 when 0
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
		opts.Batch, opts.Seed = cmp.Or(r.batch, 32), 1
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
	stepping := nn.Config{Engine: engine, Optimizer: optimizer, Seed: 1}
	if r.bf16 {
		stepping.Precision = nn.BF16
	}
	network, err := nn.New(spec, weights, stepping)
	if err != nil {
		t.Fatal(err)
	}
	cfg := train.Config{
		Stepper: network, Epochs: r.epochs, LearningRate: r.rate, EMA: r.ema,
		Schedule:   schedule,
		Train:      loader(data.Train, data.LoaderOptions{Shuffle: true, Augment: r.augment}),
		Validation: loader(data.Val, data.LoaderOptions{}),
		Facts: checkpoint.Checkpoint{Spec: spec, Labels: cache.Set.Labels, Preprocess: cache.Config,
			Training: checkpoint.Training{DataDigest: cache.Set.Digest(), Seed: 1, Optimizer: r.optimizer}},
		Dir: r.dir, Resume: r.resume, Observer: r.observe,
	}
	if r.measure {
		cfg.Measure = loader(data.Train, data.LoaderOptions{Shuffle: true})
	}
	outcome, err := train.Run(ctx, cfg)
	if err := errors.Join(network.Close(), engine.Close()); err != nil {
		t.Fatal(err)
	}
	return outcome, err
}

func TestTinyLearnsDrawnFlowers(t *testing.T) {
	race.Slow(t)
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

// TestFewImagesAreLearned: 20 images a class, three steps an epoch. At a momentum of
// 0.99 running averages are still those of the start, and validation is chance;
// measured statistics fit the weights.
func TestFewImagesAreLearned(t *testing.T) {
	race.Slow(t)
	if testing.Short() {
		t.Skip("trains for some seconds; -short is set")
	}
	lagging := func(size, classes int) (model.Spec, error) {
		p, err := arch.Find("resnet-small")
		if err != nil {
			return model.Spec{}, err
		}
		spec, err := p.Build(size, classes)
		for i := range spec.Nodes {
			if spec.Nodes[i].Op == model.BatchNorm {
				spec.Nodes[i].Momentum = 0.99
			}
		}
		return spec, err
	}
	accuracy := map[bool]float64{}
	for _, measure := range []bool{false, true} {
		o, err := run{spec: lagging, size: 32, images: 100, epochs: 12, seed: 1, optimizer: "adam", rate: 1e-3,
			measure: measure}.do(t, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		accuracy[measure] = o.History[len(o.History)-1].ValAccuracy
	}
	t.Logf("validation accuracy %.2f with running averages, %.2f with measured statistics",
		accuracy[false], accuracy[true])
	if accuracy[true] < 0.4 || accuracy[true] < accuracy[false]+0.15 {
		t.Errorf("validation accuracy %.2f with running averages, %.2f with measured statistics, chance is 0.2",
			accuracy[false], accuracy[true])
	}
}

// TestNetworksResumeBitForBit stops a network with batch norm, dropout,
// augmentation and an average in the middle of an epoch.
func TestNetworksResumeBitForBit(t *testing.T) {
	for name, r := range map[string]run{
		"average": {ema: 0.9}, "measured": {measure: true}, "both": {ema: 0.9, measure: true},
		"bf16": {bf16: true},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "both" {
				race.Slow(t)
			}
			resumesBitForBit(t, r)
		})
	}
}

func resumesBitForBit(t *testing.T, r run) {
	r = run{ema: r.ema, measure: r.measure, bf16: r.bf16, arch: "resnet-small", size: 32, images: 120, epochs: 2, seed: 1,
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
