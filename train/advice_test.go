package train

import (
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

func TestAdviceChangesWhatIsNotSoAlready(t *testing.T) {
	network := func(init model.Init) *model.Spec {
		b := model.NewBuilder("n", 8, 3)
		b.Init = init
		b.ConvReLU(4, model.Window{Kernel: 3})
		b.Flatten()
		b.Head("main", 1) // whose weights start by Glorot's rule in every network
		spec, err := b.Spec()
		if err != nil {
			t.Fatal(err)
		}
		return &spec
	}
	for _, c := range []struct {
		init      model.Init
		optimizer string
		rate      float64
		want      string
	}{
		{"", "adam", 1e-3, "try a learning rate of 0.0001, weights that start by he_normal"},
		{model.HeUniform, "adamw", 3e-4, "try a learning rate of 3e-05"},
		{model.GlorotUniform, "adadelta", 1e-3, "try a learning rate of 0.0001, optimizer adam, weights that start by he_normal"},
		{model.HeNormal, "sgd", 1e-2, "try a learning rate of 0.0001, optimizer adam"},
		{model.HeNormal, "adagrad", adviseRate, "try optimizer adam"},
		{model.Zeros, "sgd", 1e-2, "try weights that start by he_normal"},
	} {
		if got := advise(network(c.init), c.optimizer, c.rate).String(); got != c.want {
			t.Errorf("%s, %s at %g: got %q, want %q", c.init, c.optimizer, c.rate, got, c.want)
		}
	}
}
