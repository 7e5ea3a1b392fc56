// Package data reads folders of labelled images, splits them, keeps them
// decoded in memory and deals out batches that are prepared ahead.
//
// The way through it: [Scan] lists a folder, [Load] reads every file once
// (hash and pixels), [Set.Split] decides what is for training and what for
// validation, [NewLoader] deals out batches of one part. [Drawn] stands in for
// the first two where there are no photographs.
//
// It never imports gorgonia or onnxruntime, and decodes only through
// infer/imageprep.
package data

import (
	"fmt"
	"slices"
)

// Part is the side of the split an image stands on.
type Part string

// The parts. An image that no split has seen yet has the empty part.
const (
	Train Part = "train"
	Val   Part = "val"
	Test  Part = "test"
)

// Out is for an image that takes no part, because the same bytes stand in a part
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
	// Alike lists the groups of images that are the same or look alike, by index;
	// Load fills it in.
	Alike [][]int
	// Problems is what was left out or looks wrong, in the order it was found.
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
	Duplicate  Kind = "duplicate"  // the same picture under two classes, or in two parts
)

// Problem is one thing found wrong. All are reported and none is fatal, but for
// Unreadable under ScanOptions.Strict or LoadOptions.Strict.
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

// clone shares no memory with s.
func (s *Set) clone() *Set {
	return &Set{Dir: s.Dir, Labels: slices.Clone(s.Labels), Items: slices.Clone(s.Items),
		SplitBy: s.SplitBy, Alike: s.Alike, Problems: slices.Clone(s.Problems)}
}
