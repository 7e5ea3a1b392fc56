// Package data reads folders and archives of labelled images, splits them, holds them
// decoded in memory or on disk and makes batches that are prepared ahead.
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
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/archive"
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
	// Labels are indices into Set.Labels, in order, none to all of them, in a set with
	// Multi; nil in others. Class is the first one then, or 0.
	Labels []int
}

// Set is a labelled set of images, without their pixels.
type Set struct {
	Dir    string   // the folder; "" for drawn images
	Labels []string // names of the classes, sorted; index = class
	Items  []Item   // by path
	// Multi says that pictures have any number of labels, see Item.Labels.
	Multi bool
	// List is the list that the set is from, see ScanList, or the shards; "" for one of
	// folders. Notes say how it was read.
	List  string
	Notes []string
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

	members map[string]archive.Member // by path, where the set is in archives; not changed
}

// Kind says what is wrong with a file.
type Kind string

// The kinds of problem.
const (
	Hidden     Kind = "hidden"     // name starts with a dot, or a system's own file
	Stray      Kind = "stray"      // no image, or an image outside every class folder
	Unreadable Kind = "unreadable" // an image that does not decode
	EmptyClass Kind = "empty"      // a class folder or an archive without an image
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

// In is the problem as an error of the file in the folder dir, without what became of it.
func (p Problem) In(dir string) error {
	reason := strings.TrimRight(strings.TrimSuffix(p.Reason, "left out"), ",: ")
	return fmt.Errorf("%s: %s", filepath.Join(dir, filepath.FromSlash(p.Path)), reason)
}

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

// Counts is the number of images of each class, or with each label, in the part.
func (s *Set) Counts(p Part) []int {
	n := make([]int, len(s.Labels))
	for _, it := range s.Items {
		if it.Part != p {
			continue
		}
		for _, class := range s.LabelsOf(&it) {
			n[class]++
		}
	}
	return n
}

// LabelsOf are the indices of an image's labels: its class alone, unless the set has Multi.
func (s *Set) LabelsOf(it *Item) []int {
	if s.Multi {
		return it.Labels
	}
	return []int{it.Class}
}

// labelSeparator stands between the names of labels.
const labelSeparator = "|"

// Named is the name of an image's class, or the names of its labels with | between them.
func (s *Set) Named(it *Item) string {
	if !s.Multi {
		return s.Labels[it.Class]
	}
	names := make([]string, len(it.Labels))
	for i, class := range it.Labels {
		names[i] = s.Labels[class]
	}
	return strings.Join(names, labelSeparator)
}

// alike says whether two images have the same class, or the same labels.
func (it *Item) alike(other *Item) bool {
	return it.Class == other.Class && slices.Equal(it.Labels, other.Labels)
}

// clone is a copy of s; only Similar and NotFound are shared.
func (s *Set) clone() *Set {
	return &Set{Dir: s.Dir, Labels: slices.Clone(s.Labels), Items: slices.Clone(s.Items),
		Multi: s.Multi, List: s.List, Notes: slices.Clone(s.Notes),
		SplitBy: s.SplitBy, Similar: s.Similar, Excluded: s.Excluded, NotFound: s.NotFound,
		Problems: slices.Clone(s.Problems), members: s.members}
}
