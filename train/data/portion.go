package data

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrParts says that a set has folders for its parts, which leave nothing to divide
// into folds and no other part for what is left out.
var ErrParts = errors.New("split: the folder has parts of its own, train, val or test: " +
	"want one folder for each class")

// PartFolders are the parts that a set has folders for, before it is split; nil where
// its folders are classes alone.
func PartFolders(s *Set) (parts []Part) {
	given := s.givenParts()
	for _, p := range []Part{Train, Val, Test} {
		if given[p] {
			parts = append(parts, p)
		}
	}
	return parts
}

// ParseShares reads shares of training, validation and test as in "70/10/20", or of
// training and validation as in "80/20": percents that sum to 100, or shares that sum
// to 1.
func ParseShares(text string) (val, test float64, err error) {
	var shares []float64
	sum := 0.0
	for _, word := range strings.Split(text, "/") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || !(v >= 0) || math.IsInf(v, 1) {
			return 0, 0, fmt.Errorf("got %q, want shares as in 70/10/20", text)
		}
		shares, sum = append(shares, v), sum+v
	}
	whole := 100.0
	if sum < 2 {
		whole = 1
	}
	switch {
	case len(shares) < 2 || len(shares) > 3:
		return 0, 0, fmt.Errorf("got %q, want two or three shares: training, validation and test, "+
			"as in 70/10/20", text)
	case math.Abs(sum-whole) > 1e-6*whole:
		return 0, 0, fmt.Errorf("got %q, which sum to %g, want %g", text, sum, whole)
	case shares[0] == 0 || shares[1] == 0:
		return 0, 0, fmt.Errorf("got %q, want training and validation over 0", text)
	}
	if len(shares) == 3 {
		test = shares[2] / whole
	}
	return shares[1] / whole, test, nil
}

// check refuses options that contradict each other or are out of bounds.
func (o *SplitOptions) check() error {
	switch {
	case !(o.Val > 0 && o.Test >= 0 && o.Val+o.Test < 1):
		return fmt.Errorf("split: shares %v for validation and %v for test, want them above 0 "+
			"and their sum below 1", o.Val, o.Test)
	case o.Folds != 0 && (o.Folds < 2 || o.Fold < 1 || o.Fold > o.Folds):
		return fmt.Errorf("split: fold %d of %d, want 2 folds or more and one of them", o.Fold, o.Folds)
	case o.Folds > 0 && (o.Test > 0 || o.LeftOut == Test):
		return errors.New("split: the images of a fold are for the test, and no others")
	case o.PerClass < 0:
		return fmt.Errorf("split: %d images a class, want 1 or more, or 0 for all", o.PerClass)
	case o.LeftOut != "" && o.LeftOut != Val && o.LeftOut != Test:
		return fmt.Errorf("split: part %q of what is left out, want val or test", o.LeftOut)
	case o.LeftOut != "" && o.PerClass == 0:
		return fmt.Errorf("split: nothing is left out for %s: no number of images a class is given",
			o.LeftOut.title())
	case o.LeftOut == Test && o.Test > 0:
		return errors.New("split: a share for the test, and what is left out too: want one of them")
	}
	return nil
}

// fewest is how many different images a class needs.
func (o *SplitOptions) fewest() int {
	switch {
	case o.Folds == 2: // each leaves one to train and one to validate on
		return 4
	case o.Folds > 0:
		return o.Folds
	case o.Test > 0:
		return 3
	}
	return 2
}

// Expected is how many training images a split with the options leaves, about: it depends
// on neither Seed nor Fold, which a number of the split itself does by an image or two. The
// set is not divided yet. It is 0 where folders say which images are for validation, since
// none is drawn then.
func (s *Set) Expected(o SplitOptions) int {
	given := s.givenParts()
	if given[Val] {
		return 0
	}
	if given != nil {
		o.Test = 0
	}
	if o.Val == 0 {
		o.Val = 0.2
	}
	classes := make([]float64, len(s.Labels))
	for _, it := range s.Items {
		if it.Part == "" || it.Part == Train {
			classes[it.Class]++
		}
	}
	sum := 0.0
	for _, n := range classes {
		n *= 1 - o.Test
		if o.Folds > 0 {
			n *= 1 - 1/float64(o.Folds)
		}
		if o.PerClass > 0 {
			n = min(n, float64(o.PerClass))
		}
		if o.LeftOut != Val {
			n *= 1 - o.Val/(1-o.Test)
		}
		sum += n
	}
	return int(math.Round(sum))
}

// title is the part's name in words.
func (p Part) title() string {
	return map[Part]string{Train: "training", Val: "validation", Test: "the test"}[p]
}

// takeFold deals the groups of a class to folds, each to the one with the fewest
// images of the class, or of those to the one with the fewest of all, filled. It puts
// the images of one fold into Test and returns the groups of the others.
func (s *Set) takeFold(gs [][]int, fold int, filled []int) (rest [][]int) {
	own := make([]int, len(filled))
	for _, g := range gs {
		to := 0
		for k := range filled {
			if own[k] < own[to] || own[k] == own[to] && filled[k] < filled[to] {
				to = k
			}
		}
		own[to] += len(g)
		filled[to] += len(g)
		if to != fold-1 {
			rest = append(rest, g)
			continue
		}
		for _, i := range g {
			s.Items[i].Part = Test
		}
	}
	return rest
}

// choose returns groups with at most opts.PerClass images, and leaves out the others.
func (s *Set) choose(gs [][]int, opts SplitOptions) (chosen [][]int) {
	room := opts.PerClass
	for _, g := range gs {
		left := Out // copies of a chosen image
		if room == 0 && opts.LeftOut != "" {
			left = opts.LeftOut
		}
		n := min(room, len(g))
		for _, i := range g[n:] {
			s.Items[i].Part = left
		}
		if room -= n; n > 0 {
			chosen = append(chosen, g[:n])
		}
	}
	return chosen
}

// reduce leaves at most opts.PerClass training images of each class, in a set whose
// folders are parts.
func (s *Set) reduce(groups [][]int, opts SplitOptions) {
	if opts.PerClass == 0 {
		return
	}
	for _, gs := range s.undivided(groups) {
		s.shuffle(gs, opts.Seed)
		s.choose(gs, opts)
	}
}

// splitBy is the name of the split in a run's record.
func (s *Set) splitBy(given map[Part]bool, o SplitOptions) string {
	var words []string
	switch {
	case given != nil && s.Archived():
		words = append(words, "as the shards say")
	case given != nil && s.List != "":
		words = append(words, "as the list says")
	case given != nil:
		words = append(words, "folders")
	}
	if o.Folds > 0 {
		words = append(words, fmt.Sprintf("fold %d of %d for the test", o.Fold, o.Folds))
	}
	shares := SplitOptions{Val: o.Val, Test: o.Test}
	if o.PerClass > 0 {
		words = append(words, fmt.Sprintf("at most %d a class", o.PerClass))
		shares = SplitOptions{Val: o.Val / (1 - o.Test)}
	}
	if !given[Val] && o.LeftOut != Val {
		how := s.drawn(shares).String()
		if s.Multi {
			how = strings.Replace(how, "stratified", "stratified by labels", 1)
		}
		words = append(words, how)
	}
	if o.PerClass > 0 && o.Test > 0 {
		words = append(words, fmt.Sprintf("test on %.3g %% of all", 100*o.Test))
	}
	if o.LeftOut != "" {
		words = append(words, o.LeftOut.title()+" on the others")
	}
	return strings.Join(words, ", ")
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
