package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Report says what a set holds and what looks wrong with it.
type Report struct {
	Dir     string        `json:"dir"` // or the archives
	Images  int           `json:"images"`
	Classes []ClassReport `json:"classes"`
	// Multi says that images may have several labels, or none: Classes are the labels.
	Multi bool `json:"multi_label,omitempty"`
	// MajorityRate is the accuracy of always answering the most frequent class; with Multi
	// the share of images that have the most frequent label.
	MajorityRate float64    `json:"majority_rate"`
	Problems     []Problem  `json:"problems"`
	Repeated     []Repeated `json:"repeated"`
}

// ClassReport counts the images of a class; by part where there is a split.
type ClassReport struct {
	Label  string `json:"label"`
	Images int    `json:"images"`
	Train  int    `json:"train,omitempty"`
	Val    int    `json:"val,omitempty"`
	Test   int    `json:"test,omitempty"`
}

// Repeated is a group of images that are the same or look the same.
type Repeated struct {
	Files     []string `json:"files"`
	SameBytes bool     `json:"same_bytes"` // all of them
	// TwoClasses and TwoParts say that the images are of different classes, or do not have
	// the same labels, or are of different parts: then at least one label is wrong, or the
	// validation is.
	TwoClasses bool `json:"two_classes"`
	TwoParts   bool `json:"two_parts"`

	multi bool // images may have several labels
}

// Fingerprints reads every image of a set that was scanned, and gives the set with hashes
// and groups of similar pictures, without pixels. The file split, if it is not "", says
// which part each image is in: see [Set.WriteSplit].
func Fingerprints(ctx context.Context, set *Set, split string) (*Set, error) {
	cache, err := Load(ctx, set, imageprep.Config{Size: 1}, LoadOptions{})
	if err != nil {
		return nil, err
	}
	if split != "" {
		parts, err := ReadSplitFile(split)
		if err == nil {
			err = cache.Set.Apply(parts)
		}
		var file *fs.PathError
		if err != nil && !errors.As(err, &file) {
			err = fmt.Errorf("%s: %w", split, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return cache.Set, nil
}

// Report describes the set. Repeated images are known after [Load].
func (s *Set) Report() Report {
	dir := s.Dir
	if s.Archived() {
		dir = s.List
	}
	r := Report{Dir: dir, Images: len(s.Items), Multi: s.Multi,
		Classes:  make([]ClassReport, len(s.Labels)),
		Problems: append([]Problem{}, s.Problems...), Repeated: []Repeated{}}
	for c, label := range s.Labels {
		r.Classes[c].Label = label
	}
	largest := 0
	for _, it := range s.Items {
		for _, class := range s.LabelsOf(&it) {
			c := &r.Classes[class]
			c.Images++
			switch it.Part {
			case Train:
				c.Train++
			case Val:
				c.Val++
			case Test:
				c.Test++
			}
			largest = max(largest, c.Images)
		}
	}
	if r.Images > 0 {
		r.MajorityRate = float64(largest) / float64(r.Images)
	}
	for _, g := range s.Similar {
		r.Repeated = append(r.Repeated, s.Repeated(g))
	}
	return r
}

// Repeated describes a group of images that are the same or look the same.
func (s *Set) Repeated(group []int) Repeated {
	first := s.Items[group[0]]
	out := Repeated{SameBytes: true, multi: s.Multi}
	for _, i := range group {
		it := s.Items[i]
		out.Files = append(out.Files, it.Path)
		out.SameBytes = out.SameBytes && it.SHA256 == first.SHA256
		out.TwoClasses = out.TwoClasses || !it.alike(&first)
		out.TwoParts = out.TwoParts || it.Part != first.Part
	}
	return out
}

// Bad counts what should be corrected before training: images that cannot be read,
// and repeated ones of two classes or in two parts.
func (r Report) Bad() int {
	n := 0
	for _, p := range r.Problems {
		if p.Kind == Unreadable {
			n++
		}
	}
	for _, g := range r.Repeated {
		if g.TwoClasses || g.TwoParts {
			n++
		}
	}
	return n
}
