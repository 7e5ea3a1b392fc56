package run

import (
	"context"

	"github.com/flowerctl/flowerctl/train/head"
	"github.com/flowerctl/flowerctl/train/nn"
)

// Features are what the layers below the head made of images, computed once. The zero
// value is empty. One may be shared by sessions of one cache of images and one
// network to start from, which use it one after the other.
type Features struct {
	views [2]map[int][]float32 // by image: as it is, and its mirror image
	rows  map[view][]float32   // of an extractor, by view
}

// chunk is of how many images features are computed at a time.
const chunk = 32

// compute computes the features of images that are not there yet, in their order.
func (f *Features) compute(ctx context.Context, s *Session, indices []int, mirrored bool) error {
	if s.extractor != nil {
		return s.compute(ctx, indices, s.viewCount())
	}
	node, err := cut(&s.Spec)
	if err != nil {
		return err
	}
	features, err := nn.NewFeatures(s.Spec, s.Network.Weights(), node, s.Engine)
	if err != nil {
		return err
	}
	for view := range f.views {
		if f.views[view] == nil {
			f.views[view] = map[int][]float32{}
		}
	}
	for from := 0; from < len(indices); from += chunk {
		some := indices[from:min(from+chunk, len(indices))]
		if err := f.some(ctx, s, features, some, mirrored); err != nil {
			return err
		}
		if s.options.Observer != nil {
			s.options.Observer.Reading(from+len(some), len(indices))
		}
	}
	return nil
}

// some computes what is missing of a few images, in one run of the network.
func (f *Features) some(ctx context.Context, s *Session, features *nn.Features, indices []int,
	mirrored bool) error {
	var pixels []uint8
	var rows []func([]float32)
	for view, known := range f.views {
		if view == 1 && !mirrored {
			break
		}
		for _, i := range indices {
			if _, ok := known[i]; ok {
				continue
			}
			image, err := s.Images.Image(i)
			if err != nil {
				return err
			}
			if view == 1 {
				image = mirror(image, s.Settings.Size)
			}
			pixels = append(pixels, image...)
			rows = append(rows, func(row []float32) { known[i] = row })
		}
	}
	if len(rows) == 0 {
		return nil
	}
	values, err := features.Run(ctx, pixels, len(rows))
	if err != nil {
		return err
	}
	d := len(values) / len(rows)
	for k, keep := range rows {
		keep(values[k*d : (k+1)*d : (k+1)*d])
	}
	return nil
}

// mirrored is up to how many images are also seen in a mirror: for more it takes
// longer than it gains.
const mirrored = 1500

// examples are the features of images, with their mirror images where there are
// few.
func (s *Session) examples(ctx context.Context, indices []int) (*head.Examples, error) {
	if s.extractor != nil {
		return s.frozenExamples(ctx, indices, s.viewCount())
	}
	return s.views(ctx, indices, len(indices) <= mirrored)
}

// views are the features of images, with those of their mirror images where asked.
func (s *Session) views(ctx context.Context, indices []int, mirrored bool) (*head.Examples, error) {
	if s.extractor != nil && !mirrored {
		return s.frozenExamples(ctx, indices, 1)
	}
	if s.extractor != nil {
		return s.frozenExamples(ctx, indices, s.viewCount())
	}
	if err := s.features.compute(ctx, s, indices, mirrored); err != nil {
		return nil, err
	}
	set := s.Images.Set
	e := &head.Examples{Classes: set.Classes()}
	for from := 0; from < len(indices); from += chunk {
		for view, known := range s.features.views {
			if view == 1 && !mirrored {
				break
			}
			for _, i := range indices[from:min(from+chunk, len(indices))] {
				e.Features = append(e.Features, known[i]...)
				e.Labels, e.Groups = append(e.Labels, set.Items[i].Class), append(e.Groups, i)
				if set.Multi {
					e.Several = append(e.Several, set.Items[i].Labels)
				}
			}
		}
	}
	e.N = len(e.Labels)
	e.D = len(e.Features) / e.N
	return e, nil
}

// mirror is a square image with left and right exchanged.
func mirror(pixels []uint8, size int) []uint8 {
	out := make([]uint8, len(pixels))
	for y := range size {
		row, to := pixels[y*size*3:(y+1)*size*3], out[y*size*3:(y+1)*size*3]
		for x := range size {
			copy(to[(size-1-x)*3:], row[x*3:x*3+3])
		}
	}
	return out
}
