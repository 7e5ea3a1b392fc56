package train_test

import (
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/race"
	"github.com/flowerctl/flowerctl/train/model"
)

// deep is VGG16 with an eighth of its filters: 13 convolutions without batch
// norm, whose weights start as asked.
func deep(init model.Init) func(size, classes int) (model.Spec, error) {
	return func(size, classes int) (model.Spec, error) {
		b := model.NewBuilder("deep", size, classes)
		b.Init = init
		b.Rescale(1/127.5, -1)
		for _, group := range [][2]int{{8, 2}, {16, 2}, {32, 3}, {64, 3}, {64, 3}} {
			for range group[1] {
				b.ConvReLU(group[0], model.Window{Kernel: 3, Same: true})
			}
			b.MaxPool(model.Window{Kernel: 2})
		}
		b.Flatten()
		for range 2 {
			b.Dense(128)
			b.ReLU()
		}
		b.Head("main", 1)
		return b.Spec()
	}
}

// TestTheAdviceMakesADeadNetworkLearn: as the study's VGG16, whose answer to every
// image was one class, with Adam and with bare SGD.
func TestTheAdviceMakesADeadNetworkLearn(t *testing.T) {
	race.Slow(t)
	if testing.Short() {
		t.Skip("trains for some seconds; -short is set")
	}
	for _, c := range []struct {
		optimizer string
		rate      float64
	}{{"adam", 3e-2}, {"sgd", 1e-3}} {
		r := run{spec: deep(model.GlorotUniform), size: 32, images: 300, epochs: 6, seed: 1, threads: 1,
			optimizer: c.optimizer, rate: c.rate}
		o, err := r.do(t, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if o.Dead == nil {
			t.Errorf("%s at %g: validation accuracy %.3f, want a dead network", c.optimizer, c.rate, o.Best.ValAccuracy)
			continue
		}
		if !strings.Contains(o.Dead.String(), o.Dead.Advice.String()) {
			t.Errorf("the warning %q does not say %q", o.Dead, o.Dead.Advice)
		}
		a := o.Dead.Advice
		r.spec, r.rate, r.epochs = deep(a.Initializer), a.LearningRate, 30
		if a.Optimizer != "" {
			r.optimizer = a.Optimizer
		}
		if o, err = r.do(t, t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s at %g: %v: validation accuracy %.3f", c.optimizer, c.rate, a, o.Best.ValAccuracy)
		if o.Best.ValAccuracy < 0.35 || o.Dead != nil {
			t.Errorf("%s at %g: %v: validation accuracy %.3f, %v, want 0.35 or more; chance is 0.2", c.optimizer, c.rate, a, o.Best.ValAccuracy, o.Dead)
		}
	}
}
