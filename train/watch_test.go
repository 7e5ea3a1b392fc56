package train

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
)

type fakeProbe struct{ layer, zero string }

func (p fakeProbe) FirstDead(context.Context, *data.Batch) (string, error) { return p.layer, nil }
func (p fakeProbe) ZeroGradients() []string {
	if p.zero == "" {
		return nil
	}
	return []string{p.zero}
}

func TestDeadTrainingIsRecognised(t *testing.T) {
	for want, probe := range map[string]Probe{
		"the answer to every image was dark; the first dead layer is conv3; try a learning rate of 0.001": fakeProbe{layer: "conv3"},
		"the answer to every image was dark; try a learning rate of 0.001":                                nil,
	} {
		cfg, r := fakeConfig(t, t.TempDir()), &recorder{}
		cfg.Stepper.(*fakeStepper).answer = []float32{0.9, 0.1}
		cfg.Observer, cfg.Probe, cfg.Epochs = r, probe, 8
		o := mustRun(t, cfg)
		if len(r.warnings) != 1 || !strings.HasSuffix(r.warnings[0], want) {
			t.Errorf("got warnings %q, want one that ends in %q", r.warnings, want)
		}
		if o.Dead == nil || o.Dead.Epoch != deadAfter || o.Dead.Class != "dark" {
			t.Errorf("got %+v, want dark, recognised in epoch %d", o.Dead, deadAfter)
		}
	}
	cfg, r := fakeConfig(t, ""), &recorder{}
	cfg.Observer, cfg.Probe, cfg.LearningRate = r, fakeProbe{zero: "logits"}, 1e-9
	if o := mustRun(t, cfg); o.Dead == nil || len(r.warnings) != 1 ||
		!strings.HasSuffix(r.warnings[0], "the gradient of logits is zero; try a learning rate of 1e-10") {
		t.Errorf("zero gradients: got %+v and warnings %q", o.Dead, r.warnings)
	}
	cfg, r = fakeConfig(t, ""), &recorder{}
	cfg.Observer, cfg.Probe = r, fakeProbe{}
	if o := mustRun(t, cfg); o.Dead != nil || len(r.warnings) > 0 {
		t.Errorf("a network that learns was called dead: %q", r.warnings)
	}
}

// dead is a run that answers "dark" to every image.
func dead(t *testing.T, dir string) (Config, *recorder) {
	cfg, r := fakeConfig(t, dir), &recorder{}
	cfg.Stepper.(*fakeStepper).answer = []float32{0.9, 0.1}
	cfg.Observer = r
	return cfg, r
}

func TestDeadTrainingIsRecognisedAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		epochs, patience int
		dead             int // the epoch, 0 for none
	}{
		{8, 0, deadAfter}, {8, 2, 3}, {8, 1, 2}, {3, 0, 3},
		{2, 0, 0}, {1, 1, 0}, // healthy ones may look so for as long
	} {
		cfg, r := dead(t, "")
		cfg.Epochs, cfg.Patience = c.epochs, c.patience
		o := mustRun(t, cfg)
		got := 0
		if o.Dead != nil {
			got = o.Dead.Epoch
		}
		if got != c.dead || len(r.warnings) != min(got, 1) {
			t.Errorf("%d epochs, patience %d: recognised in epoch %d with %q, want epoch %d",
				c.epochs, c.patience, got, r.warnings, c.dead)
		}
	}
	cfg, r := dead(t, "")
	cfg.Epochs, cfg.Patience = 8, 2
	if mustRun(t, cfg); !strings.Contains(strings.Join(r.warnings, "\n"), "for 3 epochs the answer to every image was dark") {
		t.Errorf("got warnings %q, want that it was so for 3 epochs", r.warnings)
	}
}

// TestAResumedRunStaysDead: also one that has nothing left to do, and as the run
// that did not stop, though its first end had a verdict of its own.
func TestAResumedRunStaysDead(t *testing.T) {
	straight := t.TempDir()
	cfg, _ := dead(t, straight)
	cfg.Epochs = 5
	want := mustRun(t, cfg).Dead
	dir := t.TempDir()
	cfg, _ = dead(t, dir)
	cfg.Epochs = 3
	mustRun(t, cfg)
	for range 2 {
		var err error
		cfg, _ = dead(t, dir)
		cfg.Epochs = 5
		if cfg.Resume, err = checkpoint.Load(filepath.Join(dir, LastFile)); err != nil {
			t.Fatal(err)
		}
		if o := mustRun(t, cfg); want == nil || !reflect.DeepEqual(o.Dead, want) {
			t.Errorf("got %+v, want %+v", o.Dead, want)
		}
		if !strings.Contains(string(read(t, dir, MetricsFile)), `"dead"`) {
			t.Errorf("%s does not say that the network is dead", MetricsFile)
		}
		if string(read(t, dir, LastFile)) != string(read(t, straight, LastFile)) {
			t.Errorf("%s differs from that of the run that did not stop", LastFile)
		}
	}
}

func TestOneClassToValidateOnIsNotDead(t *testing.T) {
	cfg, r := dead(t, "")
	dark := cfg.Validation.(fakeSource)
	var some []fakeImage
	for _, i := range dark.images {
		if i.class == 0 {
			some = append(some, i)
		}
	}
	dark.images = some
	cfg.Validation = dark
	if o := mustRun(t, cfg); o.Dead != nil || len(r.warnings) > 0 {
		t.Errorf("all images are dark, and so are the answers: got %+v and %q", o.Dead, r.warnings)
	}
}

// TestHeadsThatDoNotCountAreNotDead: a head whose loss has weight 0 has gradients
// of zero, and so have the layers that only it reads.
func TestHeadsThatDoNotCountAreNotDead(t *testing.T) {
	for weight, isDead := range map[float64]bool{0: false, 0.3: true} {
		b := model.NewBuilder("two", fakeSize, fakeClasses)
		shared := b.Conv(3, model.Window{Kernel: 1})
		b.Flatten()
		b.Head("main", 1)
		b.At(shared)
		side := b.Conv(4, model.Window{Kernel: 1})
		b.Flatten()
		b.Head("aux1", weight)
		cfg, r := fakeConfig(t, ""), &recorder{}
		var err error
		if cfg.Facts.Spec, err = b.Spec(); err != nil {
			t.Fatal(err)
		}
		cfg.Observer, cfg.Probe, cfg.LearningRate = r, fakeProbe{zero: side}, 1e-9
		if o := mustRun(t, cfg); (o.Dead != nil) != isDead {
			t.Errorf("weight %g: got %+v and %q", weight, o.Dead, r.warnings)
		}
		cfg = fakeConfig(t, "")
		cfg.Facts.Spec, _ = b.Spec()
		cfg.Probe, cfg.LearningRate = fakeProbe{zero: shared}, 1e-9
		if o := mustRun(t, cfg); o.Dead == nil {
			t.Errorf("weight %g: the layer that the main head reads is not called dead", weight)
		}
	}
}
