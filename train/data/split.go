package data

import (
	"fmt"
	"math"
	"strings"
)

// SplitOptions says how a set is divided.
type SplitOptions struct {
	Val  float64 // share of the images for validation, 0.2 when 0
	Test float64 // share that is kept for a last test, usually 0
	Seed uint64
}

// Split gives every image its part: within each class, shares of Val and Test
// drawn with Seed, at least one image each, the rest for training. Files with
// the same bytes always take the same part, and count by the class of the first.
//
// A set whose folders give the parts keeps them; one that has train and test
// folders, but no val, takes Val out of train. There, a training image whose
// bytes are also in val or test, or a val image that is in test, is taken [Out]
// and reported.
//
// The same bytes under two classes are reported too. Split wants the hashes
// that [Load] fills in. It is an error when a class has too few different images
// to stand on each side.
func (s *Set) Split(opts SplitOptions) error {
	if opts.Val == 0 {
		opts.Val = 0.2
	}
	if !(opts.Val > 0 && opts.Test >= 0 && opts.Val+opts.Test < 1) {
		return fmt.Errorf("split: shares %v for validation and %v for test, want them above 0 "+
			"and their sum below 1", opts.Val, opts.Test)
	}
	groups, err := s.groups()
	if err != nil {
		return err
	}
	s.reportClasses(groups)
	given := s.givenParts()
	switch {
	case given[Val]:
		s.SplitBy = "folders"
	case given[Train] || given[Test]:
		s.SplitBy = "folders, " + SplitOptions{Val: opts.Val}.String()
		opts.Test = 0
	default:
		s.SplitBy = opts.String()
	}
	if given != nil {
		s.separate(groups)
	}
	if !given[Val] {
		if err := s.draw(groups, opts); err != nil {
			return err
		}
	}
	if len(s.Indices(Train)) == 0 || len(s.Indices(Val)) == 0 {
		return fmt.Errorf("split: %d training and %d validation images, want some of both",
			len(s.Indices(Train)), len(s.Indices(Val)))
	}
	return s.Check()
}

// String names the split as the run's facts do: "stratified 80/20".
func (o SplitOptions) String() string {
	pct := func(x float64) string {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*x), ".0")
	}
	out := "stratified " + pct(1-o.Val-o.Test) + "/" + pct(o.Val)
	if o.Test > 0 {
		out += "/" + pct(o.Test)
	}
	return out
}

// groups lists the items that share their bytes, in the order of the first.
func (s *Set) groups() ([][]int, error) {
	at := make(map[string]int, len(s.Items))
	var out [][]int
	for i, it := range s.Items {
		if it.SHA256 == "" {
			return nil, fmt.Errorf("split: %s has no hash yet: load the set first", it.Path)
		}
		g, ok := at[it.SHA256]
		if !ok {
			g = len(out)
			at[it.SHA256] = g
			out = append(out, nil)
		}
		out[g] = append(out[g], i)
	}
	return out, nil
}

// reportClasses reports files with the same bytes under different classes.
func (s *Set) reportClasses(groups [][]int) {
	for _, g := range groups {
		first := s.Items[g[0]]
		for _, i := range g[1:] {
			if it := s.Items[i]; it.Class != first.Class {
				s.Problems = append(s.Problems, Problem{Path: it.Path, Kind: Repeated,
					Reason: "the same bytes as " + first.Path + ", of another class"})
			}
		}
	}
}

// givenParts are the parts that the folders gave; nil for none.
func (s *Set) givenParts() map[Part]bool {
	var given map[Part]bool
	for _, it := range s.Items {
		if it.Part == "" {
			continue
		}
		if given == nil {
			given = map[Part]bool{}
		}
		given[it.Part] = true
	}
	return given
}

// separate takes repeated images out of train and val where test or val has them.
func (s *Set) separate(groups [][]int) {
	rank := map[Part]int{Train: 1, Val: 2, Test: 3}
	for _, g := range groups {
		keep := g[0]
		for _, i := range g {
			if rank[s.Items[i].Part] > rank[s.Items[keep].Part] {
				keep = i
			}
		}
		for _, i := range g {
			if it := &s.Items[i]; it.Part != s.Items[keep].Part {
				s.Problems = append(s.Problems, Problem{Path: it.Path, Kind: Repeated,
					Reason: fmt.Sprintf("the same bytes as %s, left out of %s",
						s.Items[keep].Path, it.Part)})
				it.Part = Out
			}
		}
	}
}

// draw divides the items that are in train or in no part yet.
func (s *Set) draw(groups [][]int, opts SplitOptions) error {
	byClass := make([][][]int, len(s.Labels))
	for _, g := range groups {
		if first := s.Items[g[0]]; first.Part == "" || first.Part == Train {
			byClass[first.Class] = append(byClass[first.Class], g)
		}
	}
	for class, gs := range byClass {
		n, sides := 0, 2
		for _, g := range gs {
			n += len(g)
		}
		if opts.Test > 0 {
			sides = 3
		}
		if len(gs) < sides {
			return fmt.Errorf("split: class %q has %d different images, want at least %d",
				s.Labels[class], len(gs), sides)
		}
		rng := stream(opts.Seed, "split", uint64(class))
		rng.Shuffle(len(gs), func(i, j int) { gs[i], gs[j] = gs[j], gs[i] })
		gs = s.take(gs, Test, opts.Test*float64(n), 2)
		gs = s.take(gs, Val, opts.Val*float64(n), 1)
		s.take(gs, Train, math.Inf(1), 0)
	}
	return nil
}

// take gives groups from the front the part until it has want images, one at
// least, and leaves the last few groups. It returns those that are left.
func (s *Set) take(gs [][]int, part Part, want float64, leave int) [][]int {
	n := 0
	for want > 0 && len(gs) > leave && (n == 0 || float64(n)+0.5 <= want) {
		for _, i := range gs[0] {
			s.Items[i].Part = part
		}
		n += len(gs[0])
		gs = gs[1:]
	}
	return gs
}

// Check is the promise that no image is on two sides: it returns an error when
// a path or the same bytes stand in two parts.
func (s *Set) Check() error {
	paths := make(map[string]int, len(s.Items))
	hashes := make(map[string]int, len(s.Items))
	for i, it := range s.Items {
		if it.Class < 0 || it.Class >= len(s.Labels) {
			return fmt.Errorf("data: %s: class %d of %d", it.Path, it.Class, len(s.Labels))
		}
		if _, ok := paths[it.Path]; ok {
			return fmt.Errorf("data: %s is listed twice", it.Path)
		}
		paths[it.Path] = i
		if it.SHA256 == "" || it.Part == Out {
			continue
		}
		j, ok := hashes[it.SHA256]
		if ok && s.Items[j].Part != it.Part {
			return fmt.Errorf("data: %s (%s) and %s (%s) are the same image: one image must "+
				"never be in two parts", s.Items[j].Path, s.Items[j].Part, it.Path, it.Part)
		}
		hashes[it.SHA256] = i
	}
	return nil
}
