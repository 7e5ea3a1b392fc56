package data

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestSharesAreReadAndTheirSumIsChecked(t *testing.T) {
	for text, want := range map[string][2]float64{
		"70/10/20": {0.1, 0.2}, "80/20": {0.2, 0}, "0.7/0.1/0.2": {0.1, 0.2}, "60/20/20": {0.2, 0.2}, "80/20/0": {0.2, 0},
	} {
		val, test, err := ParseShares(text)
		if err != nil || val != want[0] || test != want[1] {
			t.Errorf("%s: got %g, %g, %v, want %v", text, val, test, err, want)
		}
	}
	for text, want := range map[string]string{
		"70/10/30": "sum to 110, want 100", "0.7/0.1/0.1": "want 1", "70": "two or three", "10/20/30/40": "two or three",
		"a/b": `got "a/b"`, "-10/60/50": "want shares as in", "100/0/0": "want training and validation over 0", "": `got ""`,
		"NaN/10/20": "want shares as in",
	} {
		_, _, err := ParseShares(text)
		wantError(t, err, want)
	}
}

// TestEachImageIsInOneFold: each is tested on once, copies with each other, and the
// folds of a class differ by one image at most.
func TestEachImageIsInOneFold(t *testing.T) {
	const folds = 4
	same := map[string]string{"a/001.jpg": "a/000.jpg", "b/003.jpg": "b/002.jpg"}
	tested := map[string]int{}
	for fold := 1; fold <= folds; fold++ {
		s := made([]int{22, 13, 7}, same)
		if err := s.Split(SplitOptions{Seed: 5, Folds: folds, Fold: fold}); err != nil {
			t.Fatal(err)
		}
		for class, n := range s.Counts(Test) {
			if all := []int{22, 13, 7}[class]; n < all/folds || n > all/folds+1 {
				t.Errorf("fold %d has %d of %d images of class %d", fold, n, all, class)
			}
		}
		for class, n := range s.Counts(Val) {
			if n == 0 || s.Counts(Train)[class] == 0 {
				t.Errorf("fold %d: class %d has no image to validate or to train on", fold, class)
			}
		}
		part := map[string]Part{}
		for _, it := range s.Items {
			if it.Part == Test {
				tested[it.Path]++
			}
			if p, ok := part[it.SHA256]; ok && p != it.Part {
				t.Errorf("fold %d: copies of %s are in %s and %s", fold, it.Path, p, it.Part)
			}
			part[it.SHA256] = it.Part
		}
		if want := fmt.Sprintf("fold %d of 4 for the test, stratified 80/20", fold); fold == 1 && s.SplitBy != want {
			t.Errorf("split by %q, want %q", s.SplitBy, want)
		}
	}
	if len(tested) != 42 {
		t.Errorf("%d images were tested on, want 42", len(tested))
	}
	for path, n := range tested {
		if n != 1 {
			t.Errorf("%s was tested on %d times", path, n)
		}
	}
}

func TestFewerImagesThanFoldsAreRefused(t *testing.T) {
	wantError(t, made([]int{9, 4}, nil).Split(SplitOptions{Folds: 5, Fold: 1}),
		`class "b" has 4 different images, want at least 5, for 5 folds`)
	wantError(t, made([]int{9, 3}, nil).Split(SplitOptions{Folds: 2, Fold: 1}), "at least 4, for 2 folds")
	for _, n := range []int{4, 5} { // as few as there can be
		for fold := 1; fold <= 2; fold++ {
			if err := made([]int{n, n}, nil).Split(SplitOptions{Folds: 2, Fold: fold}); err != nil {
				t.Errorf("%d images, fold %d of 2: %v", n, fold, err)
			}
		}
	}
	for _, o := range []SplitOptions{{Folds: 1, Fold: 1}, {Folds: 3, Fold: 4}, {Folds: 3}, {Folds: 3, Fold: 1, Test: 0.1},
		{PerClass: -1}, {LeftOut: Val}, {PerClass: 3, LeftOut: Train}, {PerClass: 3, LeftOut: Test, Test: 0.1}} {
		if err := made([]int{9, 9}, nil).Split(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	s := made([]int{9, 9}, nil)
	for i := range s.Items {
		s.Items[i].Part = []Part{Train, Val}[i%2]
	}
	if err := s.Split(SplitOptions{Folds: 3, Fold: 1}); !errors.Is(err, ErrParts) {
		t.Errorf("folders that are parts: got %v", err)
	}
}

func TestSoManyOfEachClass(t *testing.T) {
	same := map[string]string{"a/001.jpg": "a/000.jpg", "a/002.jpg": "a/000.jpg"}
	for _, c := range []struct {
		o                SplitOptions
		train, val, test string
		by               string
	}{
		{SplitOptions{PerClass: 10}, "[8 8 4]", "[2 2 1]", "[0 0 0]", "at most 10 a class, stratified 80/20"},
		{SplitOptions{PerClass: 10, LeftOut: Val}, "[10 10 5]", "[20 10 0]", "[0 0 0]",
			"at most 10 a class, validation on the others"},
		{SplitOptions{PerClass: 10, LeftOut: Test}, "[8 8 4]", "[2 2 1]", "[20 10 0]",
			"at most 10 a class, stratified 80/20, the test on the others"},
		{SplitOptions{PerClass: 10, Val: 0.1, Test: 0.5}, "[8 8 1]", "[2 2 1]", "[15 10 3]",
			"at most 10 a class, stratified 77/23, test on 50 % of all"},
		{SplitOptions{PerClass: 3, Folds: 5, Fold: 2}, "[2 2 2]", "[1 1 1]", "[6 4 1]", ""},
	} {
		for seed := range uint64(3) {
			s := made([]int{30, 20, 5}, nil)
			c.o.Seed = seed
			if err := s.Split(c.o); err != nil {
				t.Fatal(err)
			}
			wantCounts(t, s, Train, c.train)
			wantCounts(t, s, Val, c.val)
			wantCounts(t, s, Test, c.test)
			if c.by != "" && s.SplitBy != c.by {
				t.Errorf("split by %q, want %q", s.SplitBy, c.by)
			}
			s = made([]int{30, 20, 5}, same)
			if err := s.Split(c.o); err != nil { // with copies: Check is in it
				t.Fatal(err)
			}
			if n := slices.Max(s.Counts(Train)); n > c.o.PerClass {
				t.Errorf("%+v: %d training images of a class", c.o, n)
			}
		}
	}
	wantError(t, made([]int{5, 5}, nil).Split(SplitOptions{PerClass: 5, LeftOut: Val}), "no image is left for validation")
	wantError(t, made([]int{5, 5}, nil).Split(SplitOptions{PerClass: 5, LeftOut: Test}), "no image is left for the test")
}

// TestTheTestPartIsTheSameForAnyNumberAClass: what is compared is compared on it.
func TestTheTestPartIsTheSameForAnyNumberAClass(t *testing.T) {
	tested := func(n int, draw uint64) (paths []string) {
		s := made([]int{30, 20}, nil)
		if err := s.Split(SplitOptions{Val: 0.2, Test: 0.2, Seed: 3, PerClass: n, Draw: draw}); err != nil {
			t.Fatal(err)
		}
		for _, i := range s.Indices(Test) {
			paths = append(paths, s.Items[i].Path)
		}
		return paths
	}
	if all, few := tested(0, 0), tested(5, 2); !slices.Equal(all, few) {
		t.Errorf("got %v of all, %v of 5 a class", all, few)
	}
}

func TestFoldersThatArePartsLoseTrainingImagesAlone(t *testing.T) {
	s := made([]int{20, 20}, nil)
	for i := range s.Items {
		s.Items[i].Part = []Part{Train, Train, Train, Val}[i%4]
	}
	if err := s.Split(SplitOptions{PerClass: 4}); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s, Train, "[4 4]")
	wantCounts(t, s, Val, "[5 5]")
	if s.SplitBy != "folders, at most 4 a class" {
		t.Errorf("split by %q", s.SplitBy)
	}
}

func TestDrawsAreOfOtherImagesAndSmallOnesWithinLargeOnes(t *testing.T) {
	drawn := func(n int, draw uint64) map[string]bool {
		s := made([]int{40, 40}, nil)
		if err := s.Split(SplitOptions{Val: 0.2, Test: 0.2, PerClass: n, Draw: draw}); err != nil {
			t.Fatal(err)
		}
		paths := map[string]bool{}
		for _, it := range s.Items {
			if it.Part == Train || it.Part == Val {
				paths[it.Path] = true
			}
		}
		return paths
	}
	first, second := drawn(5, 1), drawn(5, 2)
	both := 0
	for path := range first {
		if second[path] {
			both++
		}
		if !drawn(10, 1)[path] {
			t.Errorf("%s is among 5 a class and not among 10", path)
		}
	}
	if both == len(first) {
		t.Error("two draws are of the same images")
	}
}

// TestExpectedIsAboutWhatASplitLeaves: whatever the seed and the fold.
func TestExpectedIsAboutWhatASplitLeaves(t *testing.T) {
	same := map[string]string{"a/001.jpg": "a/000.jpg", "b/003.jpg": "b/002.jpg"}
	sizes := []int{42, 33, 27}
	for _, o := range []SplitOptions{{}, {Val: 0.3, Test: 0.1}, {Folds: 4}, {Folds: 3, Val: 0.1}, {PerClass: 30},
		{PerClass: 20, Test: 0.2}, {PerClass: 20, LeftOut: Val}, {PerClass: 25, LeftOut: Test}} {
		first := 0
		for seed := range uint64(4) {
			if o.Seed, o.Fold = seed, 0; o.Folds > 0 {
				o.Fold = 1 + int(seed)%o.Folds
			}
			s := made(sizes, same)
			got := s.Expected(o)
			if err := s.Split(o); err != nil {
				t.Fatal(err)
			}
			if first == 0 {
				first = got
			}
			if n := len(s.Indices(Train)); got != first || got < n-2*len(sizes) || got > n+2*len(sizes) {
				t.Errorf("%+v: got %d, want %d as for another seed, and about %d", o, got, first, n)
			}
		}
	}
	tested := made(sizes, nil)
	for i := range tested.Items {
		if i%3 == 0 {
			tested.Items[i].Part = Test
		}
	}
	o := SplitOptions{Val: 0.2, Test: 0.3, Seed: 1} // the share of the test counts for nothing
	got := tested.Expected(o)
	if err := tested.Split(o); err != nil {
		t.Fatal(err)
	}
	if n := len(tested.Indices(Train)); got < n-2*len(sizes) || got > n+2*len(sizes) {
		t.Errorf("of folders with a test part: got %d, want about %d", got, n)
	}
	given := made(sizes, nil)
	for i := range given.Items {
		given.Items[i].Part = []Part{Train, Val}[i%2]
	}
	if got := given.Expected(SplitOptions{}); got != 0 {
		t.Errorf("of folders with parts: got %d, want 0", got)
	}
}
