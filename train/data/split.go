package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// SplitOptions says how a set is divided.
type SplitOptions struct {
	Val  float64 // share of the images for validation, 0.2 when 0
	Test float64 // share for a last test, usually 0
	Seed uint64

	// Folds divides each class into so many parts, for cross-validation; 0: no. The
	// images of fold number Fold, from 1, are for the last test, and Val is a share of
	// the others. Test has to be 0 then.
	Folds, Fold int
	// PerClass takes at most so many images of each class, drawn with Seed, from those
	// that are not for the last test; 0: all. Val is a share of them.
	PerClass int
	// Draw numbers draws of PerClass images that leave the last test as it is. In one
	// draw, fewer images are among more.
	Draw uint64
	// LeftOut is the part of the images that PerClass leaves out: "" for [Out], or Val
	// or Test, of which the share counts for nothing then. Copies of an image that was
	// taken are Out.
	LeftOut Part
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
	if err := opts.check(); err != nil {
		return err
	}
	groups, err := s.Groups()
	if err != nil {
		return err
	}
	s.reportRepeated(groups)
	given := s.givenParts()
	if given != nil {
		if opts.Folds > 0 || opts.LeftOut != "" {
			return ErrParts
		}
		opts.Test = 0
		s.separate()
	}
	if given[Val] && s.Multi && opts.PerClass > 0 {
		return s.drawLabels(groups, opts) // which refuses it
	}
	if given[Val] {
		s.reduce(groups, opts)
	} else if err := s.draw(groups, opts); err != nil {
		return err
	}
	s.SplitBy = s.splitBy(given, opts)
	for class, n := range s.Counts(Train) {
		if n == 0 {
			return s.noTraining(class)
		}
	}
	for _, part := range []Part{Val, opts.LeftOut} {
		if part != "" && len(s.Indices(part)) == 0 {
			return fmt.Errorf("split: no image is left for %s", part.title())
		}
	}
	return s.Check()
}

// groups lists the groups of items that must get the same part, in the order of
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
		of := size[s.Items[g[0]].Class]
		if s.Multi {
			of = len(s.Items)
		}
		if len(g) <= max(2, of/20) {
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
			case s.Multi && !it.alike(&first):
				s.report(it.Path, Duplicate, same+first.Path+", which has other labels")
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
	if s.Multi {
		return s.drawLabels(groups, opts)
	}
	filled := make([]int, opts.Folds)
	for class, gs := range s.undivided(groups) {
		if want := opts.fewest(); len(gs) < want {
			err := s.tooFew(class, len(gs), want)
			if opts.Folds > 0 {
				err = fmt.Errorf("%w, for %d folds", err, opts.Folds)
			}
			return err
		}
		s.shuffle(gs, opts.Seed)
		if opts.Folds > 0 {
			gs = s.takeFold(gs, opts.Fold, filled)
		}
		n, test := float64(images(gs)), opts.Test
		gs = s.take(gs, Test, test*n, 2)
		if opts.PerClass > 0 {
			if opts.Draw > 0 {
				s.shuffle(gs, scramble(opts.Seed)^opts.Draw)
			}
			gs = s.choose(gs, opts)
			n = float64(images(gs)) / (1 - test)
		}
		if opts.LeftOut != Val {
			gs = s.take(gs, Val, opts.Val*n, 1)
		}
		s.take(gs, Train, math.Inf(1), 0)
	}
	return nil
}

// images is how many there are in the groups.
func images(groups [][]int) (n int) {
	for _, g := range groups {
		n += len(g)
	}
	return n
}

// undivided are the groups of each class that are in train or in no part yet.
func (s *Set) undivided(groups [][]int) [][][]int {
	byClass := make([][][]int, len(s.Labels))
	for _, g := range groups {
		g = slices.DeleteFunc(g, func(i int) bool { p := s.Items[i].Part; return p != "" && p != Train })
		if len(g) > 0 {
			class := s.Items[g[0]].Class
			byClass[class] = append(byClass[class], g)
		}
	}
	return byClass
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
		for _, class := range it.Labels {
			if class < 0 || class >= len(s.Labels) || !s.Multi {
				return fmt.Errorf("data: %s: label %d of %d", it.Path, class, len(s.Labels))
			}
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
