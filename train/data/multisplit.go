package data

import (
	"fmt"
	"slices"
)

// share is a part and how much of the images it is to have.
type share struct {
	part  Part
	share float64
}

// drawLabels divides the groups of images with several labels, so that each part has its
// share of every label: see stratify.
func (s *Set) drawLabels(groups [][]int, opts SplitOptions) error {
	if opts.PerClass > 0 {
		return fmt.Errorf("split: a number of images a class goes with one class a picture")
	}
	var left [][]int
	for _, g := range groups {
		g = slices.DeleteFunc(slices.Clone(g), func(i int) bool {
			p := s.Items[i].Part
			return p != "" && p != Train
		})
		if len(g) > 0 {
			left = append(left, g)
		}
	}
	if want := opts.fewest(); len(left) < want {
		return fmt.Errorf("split: %d different images, want at least %d", len(left), want)
	}
	s.shuffle(left, opts.Seed)
	if opts.Folds > 0 {
		fold := make([]share, opts.Folds)
		for i := range fold {
			fold[i] = share{Out, 1 / float64(opts.Folds)}
		}
		fold[opts.Fold-1].part = Test
		s.stratify(left, fold)
		left = slices.DeleteFunc(left, func(g []int) bool { return s.Items[g[0]].Part == Test })
	}
	s.stratify(left, []share{{Train, 1 - opts.Val - opts.Test}, {Val, opts.Val}, {Test, opts.Test}})
	return nil
}

// stratify puts each group into one of the parts by iterative stratification (Sechidis,
// Tsoumakas and Vlahavas, On the Stratification of Multi-Label Data, 2011): the label
// with the fewest images left comes next, and each of its images goes to the part that
// lacks most of that label, of equals to the one that lacks most images, of equals to the
// first. Images without a label come last. A group counts for the labels of its first
// image. The order of the groups decides where the paper has chance.
func (s *Set) stratify(groups [][]int, parts []share) {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p share) bool { return p.share == 0 })
	of := make([][]int, len(s.Labels)) // groups with a label
	left := make([]int, len(s.Labels))
	for k, g := range groups {
		for _, label := range s.Items[g[0]].Labels {
			of[label] = append(of[label], k)
			left[label]++
		}
	}
	lacks := make([]float64, len(parts)) // images
	lacking := make([][]float64, len(parts))
	for p := range parts {
		lacks[p] = parts[p].share * float64(images(groups))
		lacking[p] = make([]float64, len(left))
		for label, n := range left {
			lacking[p][label] = parts[p].share * float64(n)
		}
	}
	done := make([]bool, len(groups))
	put := func(k, label int) {
		best := 0
		for p := range parts {
			more := lacks[p] > lacks[best]
			if label >= 0 && lacking[p][label] != lacking[best][label] {
				more = lacking[p][label] > lacking[best][label]
			}
			if more {
				best = p
			}
		}
		done[k] = true
		lacks[best] -= float64(len(groups[k]))
		for _, i := range groups[k] {
			s.Items[i].Part = parts[best].part
		}
		for _, label := range s.Items[groups[k][0]].Labels {
			left[label]--
			lacking[best][label]--
		}
	}
	for {
		rarest := -1
		for label, n := range left {
			if n > 0 && (rarest < 0 || n < left[rarest]) {
				rarest = label
			}
		}
		if rarest < 0 {
			break
		}
		for _, k := range of[rarest] {
			if !done[k] {
				put(k, rarest)
			}
		}
	}
	for k := range groups {
		if !done[k] {
			put(k, -1)
		}
	}
}
