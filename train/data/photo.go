package data

import "github.com/flowerctl/flowerctl/infer/imageprep"

// Photo is an image by name that is decoded when it is wanted.
type Photo struct {
	Name  string
	Label int // its class, -1 when it is not known
	// Open decodes it, at its own size.
	Open func() (imageprep.Image, error)
}

// Spread is a set of n of the items, spread evenly over all.
func (s *Set) Spread(n int) *Set {
	some := *s
	some.Items = make([]Item, min(n, len(s.Items)))
	for i := range some.Items {
		some.Items[i] = s.Items[i*len(s.Items)/len(some.Items)]
	}
	return &some
}
