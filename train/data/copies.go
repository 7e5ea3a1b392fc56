package data

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/table"
)

// tooFew is the error for a class with too few different images for the parts. Where
// copies of another class' images are the reason, it names that class.
func (s *Set) tooFew(class, different, want int) error {
	groups, err := s.Groups()
	if err != nil {
		return err
	}
	images, copies, bytes, example := 0, 0, true, ""
	of := make([]int, len(s.Labels)) // copies, by the class of what they are like
	for _, g := range groups {
		other := -1
		for _, i := range g {
			if s.Items[i].Class != class {
				other = i
				break
			}
		}
		for _, i := range g {
			it := s.Items[i]
			if it.Class != class {
				continue
			}
			images++
			if other < 0 {
				continue
			}
			copies++
			of[s.Items[other].Class]++
			bytes = bytes && it.SHA256 == s.Items[other].SHA256
			if example == "" {
				example = it.Path + " and " + s.Items[other].Path
			}
		}
	}
	err = fmt.Errorf("split: class %q has %d different images, want at least %d",
		s.Labels[class], different, want)
	if copies == 0 {
		return s.elsewhere(err, class)
	}
	largest := 0
	for c, n := range of {
		if n > of[largest] {
			largest = c
		}
	}
	what := "copies of"
	if !bytes {
		what = "copies of, or look like,"
	}
	if of[largest] == images {
		return fmt.Errorf("%w: all %s of %q are %s images of %q (%s)",
			err, table.Count(images, "image"), s.Labels[class], what, s.Labels[largest], example)
	}
	return fmt.Errorf("%w: %d of its %s are %s images of other classes, %d of %q (%s)",
		err, copies, table.Count(images, "image"), what, of[largest], s.Labels[largest], example)
}

// noTraining is the error for a class that has no image to train on. Where copies in
// other parts are the reason, it says so.
func (s *Set) noTraining(class int) error {
	err := fmt.Errorf("split: class %q has no image to train on", s.Labels[class])
	out, example := 0, ""
	for _, it := range s.Items {
		if it.Part == Out && slices.Contains(s.LabelsOf(&it), class) {
			if out == 0 {
				example = it.Path
			}
			out++
		}
	}
	if out == 0 {
		return s.elsewhere(err, class)
	}
	return fmt.Errorf("%w: %d of its images are left out, as their copies are in another part (%s)",
		err, out, example)
}

// elsewhere adds to an error in which parts the images of a class are, where it has some
// and none is for training.
func (s *Set) elsewhere(err error, class int) error {
	in, example := map[Part]int{}, ""
	for _, it := range s.Items {
		if slices.Contains(s.LabelsOf(&it), class) {
			in[it.Part]++
			example = cmp.Or(example, it.Path)
		}
	}
	var parts []string
	for _, p := range []Part{Val, Test} {
		if in[p] > 0 {
			parts = append(parts, fmt.Sprintf("%d for %s", in[p], p))
		}
	}
	if len(parts) == 0 || in[Train]+in[""] > 0 {
		return err
	}
	return fmt.Errorf("%w: it has %s (%s): give it images for training, or take its folder out",
		err, strings.Join(parts, " and "), example)
}
