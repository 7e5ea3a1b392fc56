package run

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// network is tiny for these classes, with weights of a seed.
func network(t *testing.T, labels []string, seed uint64) (model.Spec, model.Weights) {
	t.Helper()
	p, err := arch.Find("tiny")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := p.Build(32, len(labels))
	if err != nil {
		t.Fatal(err)
	}
	w, err := spec.NewWeights(seed)
	if err != nil {
		t.Fatal(err)
	}
	for i := range w["logits.bias"].Data {
		w["logits.bias"].Data[i] = float32(seed*100) + float32(i)
	}
	return spec, w
}

// saved is a checkpoint of a network for these classes.
func saved(t *testing.T, labels []string, seed uint64) (path string, w model.Weights) {
	t.Helper()
	spec, w := network(t, labels, seed)
	path = filepath.Join(t.TempDir(), "best.ckpt")
	c := &checkpoint.Checkpoint{Spec: spec, Weights: w, Labels: labels,
		Preprocess: imageprep.Config{Size: 32, Resize: imageprep.Stretch}}
	if err := checkpoint.Save(path, c); err != nil {
		t.Fatal(err)
	}
	return path, w
}

// TestTheLastLayerIsCopiedByTheNameOfTheClass: never by position, which would give
// each class the answers of another.
func TestTheLastLayerIsCopiedByTheNameOfTheClass(t *testing.T) {
	path, source := saved(t, []string{"a", "b", "c"}, 1)
	for _, x := range []struct {
		labels  []string
		from    []int // row of the source of each class, -1 for none
		byName  bool
		unknown []string
		fresh   []string
	}{
		{[]string{"a", "b", "c"}, []int{0, 1, 2}, false, nil, nil},
		{[]string{"b", "c", "za"}, []int{1, 2, -1}, true, []string{"za"}, nil},
		{[]string{"c", "b", "a"}, []int{2, 1, 0}, true, nil, nil},
		{[]string{"a", "x", "b", "c"}, []int{0, -1, 1, 2}, true, []string{"x"}, nil},
		{[]string{"x", "y", "z"}, []int{-1, -1, -1}, true, []string{"x", "y", "z"}, []string{"logits.bias", "logits.weight"}},
	} {
		spec, w := network(t, x.labels, 2)
		_, untouched := network(t, x.labels, 2)
		in, err := initial(&spec, w, x.labels, path)
		if err != nil {
			t.Fatal(err)
		}
		if in.ByName != x.byName || !slices.Equal(in.New, x.unknown) || !slices.Equal(in.Fresh, x.fresh) || in.Unnamed {
			t.Errorf("%v: got %+v", x.labels, in)
		}
		row := len(w["logits.weight"].Data) / len(x.labels)
		for i, k := range x.from {
			want, bias := untouched["logits.weight"].Data[i*row:(i+1)*row], untouched["logits.bias"].Data[i]
			if k >= 0 {
				want, bias = source["logits.weight"].Data[k*row:(k+1)*row], source["logits.bias"].Data[k]
			}
			if !slices.Equal(w["logits.weight"].Data[i*row:(i+1)*row], want) || w["logits.bias"].Data[i] != bias {
				t.Errorf("%v: class %s has not row %d of the source", x.labels, x.labels[i], k)
			}
		}
		if !slices.Equal(w["conv1.weight"].Data, source["conv1.weight"].Data) {
			t.Errorf("%v: the first layer is not the source's", x.labels)
		}
	}
}

// TestANamelessSourceIsSaid: a file without labels is copied by position, which only
// a person can know to be right.
func TestANamelessSourceIsSaid(t *testing.T) {
	labels := []string{"a", "b"}
	spec, w := network(t, labels, 1)
	m, err := export.Model(&checkpoint.Checkpoint{Spec: spec, Weights: w, Labels: labels,
		Preprocess: imageprep.Config{Size: 32, Resize: imageprep.Stretch}}, export.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, named := range []bool{true, false} {
		if !named {
			m.Metadata = nil
		}
		path := filepath.Join(t.TempDir(), "m.onnx")
		file, err := m.Encode()
		if err == nil {
			err = os.WriteFile(path, file, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		spec, to := network(t, []string{"a", "b"}, 2)
		in, err := initial(&spec, to, []string{"a", "b"}, path)
		if err != nil || in.Unnamed == named || in.ByName {
			t.Errorf("labels %t: got %+v, %v", named, in, err)
		}
		if !slices.Equal(to["logits.weight"].Data, w["logits.weight"].Data) {
			t.Errorf("labels %t: the last layer is not the file's", named)
		}
	}
}
