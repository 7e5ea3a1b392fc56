package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// SplitOptions says how a set is divided.
type SplitOptions struct {
	Val  float64 // share of the images for validation, 0.2 when 0
	Test float64 // share for a last test, usually 0
	Seed uint64
}

// Split gives every image its part. In each class the shares Val and Test are drawn
// with Seed, at least one image each; the rest is for training. The draw depends on
// an image's bytes, not on its place: one image more or less in the folder leaves
// nearly all others in their parts.
//
// Files with the same bytes always get the same part, and so do similar pictures if
// they are few (see [Set.Groups]); a group counts for the class of its first image. The
// same picture under two classes is reported.
//
// A set whose folders are parts keeps them; if it has train and test folders but no
// val, Val is drawn from train. In such a set a training image with the bytes of one
// in val or test, or a val image with those of one in test, becomes [Out] and is
// reported; a similar one is only reported.
//
// The set has to be from [Load] or [Drawn]. It is an error if a class has too few
// different images for each part.
func (s *Set) Split(opts SplitOptions) error {
	if opts.Val == 0 {
		opts.Val = 0.2
	}
	if !(opts.Val > 0 && opts.Test >= 0 && opts.Val+opts.Test < 1) {
		return fmt.Errorf("split: shares %v for validation and %v for test, want them above 0 "+
			"and their sum below 1", opts.Val, opts.Test)
	}
	groups, err := s.Groups()
	if err != nil {
		return err
	}
	s.reportRepeated(groups)
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
		s.separate()
	}
	if !given[Val] {
		if err := s.draw(groups, opts); err != nil {
			return err
		}
		s.SplitBy = strings.Replace(s.SplitBy, opts.String(), s.drawn(opts).String(), 1)
	}
	for class, n := range s.Counts(Train) {
		if n == 0 {
			return s.noTraining(class)
		}
	}
	if len(s.Indices(Val)) == 0 {
		return fmt.Errorf("split: no image is left for validation")
	}
	return s.Check()
}

// drawn are the shares that were drawn: those of opts if they are within a percent,
// else the real ones in whole percent. Small classes, and copies that stay together,
// may allow nothing nearer.
func (s *Set) drawn(opts SplitOptions) SplitOptions {
	val, test := float64(len(s.Indices(Val))), float64(len(s.Indices(Test)))
	all := float64(len(s.Indices(Train))) + val
	if opts.Test > 0 {
		all += test
	} else {
		test = 0
	}
	if math.Abs(val/all-opts.Val) > 0.01 || math.Abs(test/all-opts.Test) > 0.01 {
		opts.Val, opts.Test = math.Round(100*val/all)/100, math.Round(100*test/all)/100
	}
	return opts
}

// String is the name of the split in a run's record: "stratified 80/20".
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

// Groups lists the groups of items that must get the same part, in the order of
// their first items: those with the same bytes, and similar ones unless they are more
// than two and more than a twentieth of their class. In that case all pictures of
// the set are similar, as those of digits are, and none is a copy.
func (s *Set) Groups() ([][]int, error) {
	at := make(map[string]int, len(s.Items))
	joined := newUnion(len(s.Items))
	size := make([]int, len(s.Labels))
	for i, it := range s.Items {
		if it.SHA256 == "" {
			return nil, fmt.Errorf("split: %s has no hash yet: load the set first", it.Path)
		}
		if first, ok := at[it.SHA256]; ok {
			joined.join(first, i)
		} else {
			at[it.SHA256] = i
		}
		size[it.Class]++
	}
	for _, g := range s.Similar {
		if len(g) <= max(2, size[s.Items[g[0]].Class]/20) {
			for _, i := range g[1:] {
				joined.join(g[0], i)
			}
		}
	}
	var out [][]int
	place := make([]int, len(s.Items))
	for i := range s.Items {
		first := joined.first(i)
		if first == i {
			place[i] = len(out)
			out = append(out, nil)
		}
		out[place[first]] = append(out[place[first]], i)
	}
	return out, nil
}

// reportRepeated reports pictures that are under two classes or, if the folders are
// parts, in two parts.
func (s *Set) reportRepeated(groups [][]int) {
	for _, g := range groups {
		first := s.Items[g[0]]
		for _, i := range g[1:] {
			it := s.Items[i]
			same := "the same bytes as "
			if it.SHA256 != first.SHA256 {
				same = "looks like "
			}
			switch {
			case it.Class != first.Class:
				s.report(it.Path, Duplicate, same+first.Path+", of another class")
			case it.Part != first.Part && it.SHA256 != first.SHA256:
				s.report(it.Path, Duplicate, same+first.Path+", of another part")
			}
		}
	}
}

// givenParts are the parts of the folders, nil if there are none.
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

// separate takes images out of train and val if their bytes are in test or val too.
func (s *Set) separate() {
	rank := map[Part]int{Train: 1, Val: 2, Test: 3}
	keep := map[string]int{}
	for i, it := range s.Items {
		if k, ok := keep[it.SHA256]; !ok || rank[it.Part] > rank[s.Items[k].Part] {
			keep[it.SHA256] = i
		}
	}
	for i := range s.Items {
		it := &s.Items[i]
		if same := s.Items[keep[it.SHA256]]; it.Part != same.Part {
			s.report(it.Path, Duplicate,
				fmt.Sprintf("the same bytes as %s, left out of %s", same.Path, it.Part))
			it.Part = Out
		}
	}
}

// draw divides the items that are in train or in no part yet.
func (s *Set) draw(groups [][]int, opts SplitOptions) error {
	byClass := make([][][]int, len(s.Labels))
	for _, g := range groups {
		g = slices.DeleteFunc(g, func(i int) bool { p := s.Items[i].Part; return p != "" && p != Train })
		if len(g) > 0 {
			class := s.Items[g[0]].Class
			byClass[class] = append(byClass[class], g)
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
			return s.tooFew(class, len(gs), sides)
		}
		s.shuffle(gs, opts.Seed)
		gs = s.take(gs, Test, opts.Test*float64(n), 2)
		gs = s.take(gs, Val, opts.Val*float64(n), 1)
		s.take(gs, Train, math.Inf(1), 0)
	}
	return nil
}

// shuffle sorts groups by a random number that each gets from the bytes of its first
// image and the seed.
func (s *Set) shuffle(groups [][]int, seed uint64) {
	key := func(g []int) uint64 { return stream(seed, "split "+s.Items[g[0]].SHA256).Uint64() }
	keys := make(map[int]uint64, len(groups))
	for _, g := range groups {
		keys[g[0]] = key(g)
	}
	slices.SortStableFunc(groups, func(a, b []int) int { return cmp.Compare(keys[a[0]], keys[b[0]]) })
}

// take puts groups from the front into a part until it has want images, and at least
// one. The last groups, as many as leave says, are not taken. It returns the rest.
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

// Check returns an error if a path or the same bytes are in two parts: no image may
// be.
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
