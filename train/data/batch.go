package data

import "slices"

// Batch is a mini-batch that is ready for the network. Its receiver must not use it
// after the call, because the loader uses its memory again.
type Batch struct {
	N, Size, Classes int
	// Pixels are N RGB images of Size rows of Size pixels, channels innermost.
	Pixels []uint8
	// Features are N rows of what an extractor computed of the images before, for
	// networks that start with one; nil where it has not.
	Features []float32
	// Targets are N rows of Classes: the share of each class. A row is one-hot unless
	// it is smoothed or mixed, and sums to 1 unless class weights are in it. With Present
	// it is 1 for each label that the image has.
	Targets []float32
	// Labels are the classes of the N images before mixing, for accuracy.
	Labels []int
	// Present are, where an image may have several labels, N rows of Classes before
	// mixing and smoothing: which it has. nil elsewhere.
	Present []bool
	// Weights multiply each image's loss; nil means 1. For mixed images the class
	// weights are in Targets instead.
	Weights []float32
	// Indices are the images' places in the data set.
	Indices []int
}

// Clone is a copy of b that its loader does not use again.
func (b *Batch) Clone() *Batch {
	c := *b
	c.Pixels, c.Targets = slices.Clone(b.Pixels), slices.Clone(b.Targets)
	c.Labels, c.Weights = slices.Clone(b.Labels), slices.Clone(b.Weights)
	c.Present = slices.Clone(b.Present)
	c.Indices = slices.Clone(b.Indices)
	return &c
}
