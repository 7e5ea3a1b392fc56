package data

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// labelled is a set of n images with random labels, of which label k is on one in k+2.
func labelled(n, labels int) *Set {
	rng := rand.New(rand.NewPCG(1, 2))
	s := &Set{Multi: true}
	for k := range labels {
		s.Labels = append(s.Labels, fmt.Sprintf("label%d", k))
	}
	for i := range n {
		it := Item{Path: fmt.Sprintf("%04d.png", i), SHA256: fmt.Sprintf("%064x", i)}
		for k := range labels {
			if rng.IntN(k+2) == 0 {
				it.Labels = append(it.Labels, k)
			}
		}
		if len(it.Labels) > 0 {
			it.Class = it.Labels[0]
		}
		s.Items = append(s.Items, it)
	}
	return s
}

func TestEachPartHasItsShareOfEveryLabel(t *testing.T) {
	s := labelled(1000, 12)
	if err := s.Split(SplitOptions{Val: 0.2, Test: 0.1, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	if s.SplitBy != "stratified by labels 70/20/10" {
		t.Errorf("got %q", s.SplitBy)
	}
	train, val, test := s.Counts(Train), s.Counts(Val), s.Counts(Test)
	for k := range s.Labels {
		all := float64(train[k] + val[k] + test[k])
		if math.Abs(float64(val[k])-0.2*all) > 2 || math.Abs(float64(test[k])-0.1*all) > 2 {
			t.Errorf("%s: %d, %d and %d of %v", s.Labels[k], train[k], val[k], test[k], all)
		}
	}
	again := labelled(1000, 12)
	if err := again.Split(SplitOptions{Val: 0.2, Test: 0.1, Seed: 7}); err != nil || !reflect.DeepEqual(s, again) {
		t.Errorf("another split from the same seed: %v", err)
	}
	other := labelled(1000, 12)
	if err := other.Split(SplitOptions{Val: 0.2, Test: 0.1, Seed: 8}); err != nil || reflect.DeepEqual(s, other) {
		t.Errorf("the same split from another seed, %v", err)
	}
}

func TestEachFoldHasItsShareOfEveryLabel(t *testing.T) {
	tested := map[string]int{}
	for fold := 1; fold <= 4; fold++ {
		s := labelled(400, 6)
		if err := s.Split(SplitOptions{Folds: 4, Fold: fold, Seed: 3}); err != nil {
			t.Fatal(err)
		}
		all := labelled(400, 6).Counts("")
		for k, n := range s.Counts(Test) {
			if math.Abs(float64(n)-float64(all[k])/4) > 2 {
				t.Errorf("fold %d: %d of %d images of %s", fold, n, all[k], s.Labels[k])
			}
		}
		for _, i := range s.Indices(Test) {
			tested[s.Items[i].Path]++
		}
	}
	if len(tested) != 400 {
		t.Errorf("%d images were tested on, want each once", len(tested))
	}
}

func TestASplitOfSeveralLabelsIsReadBack(t *testing.T) {
	s := labelled(60, 3)
	if err := s.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.WriteSplit(&b); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSplit(bytes.NewReader(b.Bytes()))
	if err != nil || !got.Multi || !reflect.DeepEqual(got.Items, s.Items) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := labelled(60, 3).Apply(got); err != nil {
		t.Error(err)
	}
}

func TestTargetsOfSeveralLabels(t *testing.T) {
	dir := folder(t, map[string]string{"a.png": "#0", "b.png": "#9", "c.png": "#99"})
	list, err := ReadLabelList(listFile(t, "list.csv", "path,label,split\na.png,x|z,train\nb.png,,train\nc.png,y,val\n"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := ScanList(t.Context(), dir, list, false, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := Load(t.Context(), set, imageprep.Config{Size: 2, Resize: imageprep.Stretch}, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLoader(cache, cache.Set.Indices(Train), LoaderOptions{Batch: 2, LabelSmoothing: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range l.Batches(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		// Keras' BinaryCrossentropy(label_smoothing=0.2) has 0.9 and 0.1.
		if want := []float32{0.9, 0.1, 0.9, 0.1, 0.1, 0.1}; !reflect.DeepEqual(b.Targets, want) {
			t.Errorf("targets %v, want %v", b.Targets, want)
		}
		if want := []bool{true, false, true, false, false, false}; !reflect.DeepEqual(b.Present, want) {
			t.Errorf("present %v, want %v", b.Present, want)
		}
	}
	if got := PositiveWeights([]int{1, 0, 4}, 4); !reflect.DeepEqual(got, []float32{3, 4, 0.25}) {
		t.Errorf("positive weights %v", got)
	}
}
