// Package data reads folders of labelled images, splits them, holds them decoded in
// memory and makes batches that are prepared ahead.
//
// Start at [Scan], which lists a folder. [Load] then reads every file once (hash and
// pixels), [Set.Split] decides which images are for training and which for
// validation, and [NewLoader] makes batches of one part. Without photographs, [Drawn]
// replaces Scan and Load.
//
// The package never imports gorgonia or onnxruntime, and decodes only through
// infer/imageprep.
package data

import (
	"fmt"
	"slices"
)

// Part is the part of the split that an image is in.
type Part string

// The parts. The part is empty before the split.
const (
	Train Part = "train"
	Val   Part = "val"
	Test  Part = "test"
)

// Out is the part of an image that is not used, because the same bytes are in a part
// that must stay unseen.
const Out Part = "out"

// Item is one labelled image.
type Item struct {
	Path   string // from Set.Dir, with slashes; unique in the set
	Class  int    // index into Set.Labels
	Part   Part   // "" before the split
	SHA256 string // of the file's bytes, lower-case hex; "" before Load
}

// Set is a labelled set of images, without their pixels.
type Set struct {
	Dir    string   // the folder; "" for drawn images
	Labels []string // names of the classes, sorted; index = class
	Items  []Item   // by path
	// SplitBy is how the parts were made, for people: "stratified 80/20".
	SplitBy string
	// Similar lists, by index, the groups of images that are the same or look the
	// same; Load fills it in.
	Similar [][]int
	// Excluded is how many files ScanOptions.Exclude left out, and NotFound are the names
	// it has that are no file of a class.
	Excluded int
	NotFound []string
	// Problems lists what was left out or looks wrong, in the order of discovery.
	Problems []Problem
}

// Kind says what is wrong with a file.
type Kind string

// The kinds of problem.
const (
	Hidden     Kind = "hidden"     // name starts with a dot, or a system's own file
	Stray      Kind = "stray"      // no image, or an image outside every class folder
	Unreadable Kind = "unreadable" // an image that does not decode
	EmptyClass Kind = "empty"      // a class folder without an image
	Name       Kind = "name"       // a class whose name is nearly that of another
	Duplicate  Kind = "duplicate"  // the same picture under two classes, or in two parts
)

// Problem is one thing that is wrong. Problems are reported, not fatal, except for
// Unreadable with ScanOptions.Strict or LoadOptions.Strict.
type Problem struct {
	Path   string `json:"path"` // from Set.Dir, with slashes
	Kind   Kind   `json:"kind"`
	Reason string `json:"reason"` // one line, lower case
}

func (p Problem) String() string { return fmt.Sprintf("%s: %s", p.Path, p.Reason) }

func (s *Set) report(path string, k Kind, reason string) {
	s.Problems = append(s.Problems, Problem{Path: path, Kind: k, Reason: reason})
}

// Classes is the number of classes.
func (s *Set) Classes() int { return len(s.Labels) }

// Indices lists the items of a part, in order.
func (s *Set) Indices(p Part) []int {
	var out []int
	for i := range s.Items {
		if s.Items[i].Part == p {
			out = append(out, i)
		}
	}
	return out
}

// Counts is the number of images of each class in the part.
func (s *Set) Counts(p Part) []int {
	n := make([]int, len(s.Labels))
	for _, it := range s.Items {
		if it.Part == p {
			n[it.Class]++
		}
	}
	return n
}

// clone is a copy of s; only Similar and NotFound are shared.
func (s *Set) clone() *Set {
	return &Set{Dir: s.Dir, Labels: slices.Clone(s.Labels), Items: slices.Clone(s.Items),
		SplitBy: s.SplitBy, Similar: s.Similar, Excluded: s.Excluded, NotFound: s.NotFound,
		Problems: slices.Clone(s.Problems)}
}
