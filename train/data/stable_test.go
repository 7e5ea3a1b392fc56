package data

import (
	"testing"
)

// An image more or less leaves the others where they are, but for those that
// keep the shares right.
func TestSplitIsStable(t *testing.T) {
	s, less := made([]int{200, 50}, nil), made([]int{200, 50}, nil)
	less.Items = append(less.Items[:17], less.Items[18:]...)
	for _, set := range []*Set{s, less} {
		if err := set.Split(SplitOptions{Seed: 1}); err != nil {
			t.Fatal(err)
		}
	}
	moved := 0
	for i, it := range less.Items {
		if i >= 17 {
			i++
		}
		if s.Items[i].Part != it.Part {
			moved++
		}
	}
	if moved > 1 {
		t.Errorf("without one of 250 images, %d others change their part", moved)
	}
}

func TestPicturesThatLookAlikeTakeOneSide(t *testing.T) {
	for seed := range uint64(20) {
		s := made([]int{40, 40}, nil)
		s.Similar = [][]int{{0, 39}, {1, 2}, {3, 41}, {50, 51, 52, 53}} // the last: too many of 40
		if err := s.Split(SplitOptions{Seed: seed}); err != nil {
			t.Fatal(err)
		}
		for _, g := range s.Similar[:3] {
			if a, b := s.Items[g[0]], s.Items[g[1]]; a.Part != b.Part {
				t.Errorf("seed %d: %s is in %s, %s in %s", seed, a.Path, a.Part, b.Path, b.Part)
			}
		}
		if len(s.Problems) != 1 || s.Problems[0].String() != "b/001.jpg: looks like a/003.jpg, of another class" {
			t.Errorf("problems %v", s.Problems)
		}
		if v := s.Counts(Val); v[0] < 7 || v[0] > 9 || v[1] < 7 || v[1] > 9 {
			t.Errorf("%v images for validation, want about 8 of each class", v)
		}
	}
	s := made([]int{4, 4}, nil)
	s.Similar = [][]int{{0, 1}}
	for i := range s.Items {
		s.Items[i].Part = []Part{Train, Val}[i%2]
	}
	if err := s.Split(SplitOptions{}); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s, Train, "[2 2]")
	if len(s.Problems) != 1 || s.Problems[0].String() != "a/001.jpg: looks like a/000.jpg, of another part" {
		t.Errorf("problems %v", s.Problems)
	}
}
