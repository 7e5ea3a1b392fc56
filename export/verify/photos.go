package verify

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/data"
)

// Photo is an image to compare on.
type Photo = data.Photo

// images are photos of the network's size.
type images struct {
	size   int
	pixels [][]uint8 // size*size*3 bytes each
	labels []int
	// originals are some of the photos at other sizes.
	originals []original
}

type original struct {
	name  string
	index int
	image imageprep.Image
}

// prepare decodes photos and brings them to the network's size. The first few are
// also returned at their own size and at a size below the network's.
func prepare(ctx context.Context, photos []Photo, config imageprep.Config, originals int) (
	*images, error) {

	set := &images{size: config.Size, pixels: make([][]uint8, len(photos)),
		labels: make([]int, len(photos))}
	decoded := make([]imageprep.Image, min(originals, len(photos)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range photos {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			img, err := p.Open()
			if err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
			if i < len(decoded) {
				decoded[i] = img
			}
			set.pixels[i], set.labels[i] = config.Apply(img).Pix, p.Label
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, img := range decoded {
		if name := photos[i].Name; img.W == config.Size && img.H == config.Size {
			big := shrink(img, config.Size*2+1, config.Size*3/2)
			set.originals = append(set.originals, original{name + ", made large", -1, big})
		} else {
			set.originals = append(set.originals, original{name, i, img})
		}
		// The same picture, small; its sides differ.
		small := shrink(img, max(config.Size/2, 2), max(config.Size*2/3, 3))
		set.originals = append(set.originals, original{photos[i].Name + ", made small", -1, small})
	}
	return set, nil
}

// shrink makes an image of w x h pixels by leaving out pixels or repeating them. It
// only has to be a picture of that size.
func shrink(img imageprep.Image, w, h int) imageprep.Image {
	out := imageprep.Image{W: w, H: h, Pix: make([]uint8, 0, 3*w*h)}
	for y := range h {
		for x := range w {
			at := 3 * (y*img.H/h*img.W + x*img.W/w)
			out.Pix = append(out.Pix, img.Pix[at:at+3]...)
		}
	}
	return out
}

// batch is the images from from to to as a tensor for a forward.
func (s *images) batch(from, to int) onnx.Tensor {
	t := onnx.NewTensor(to-from, s.size, s.size, 3)
	for i := from; i < to; i++ {
		floats(t.Data[(i-from)*len(s.pixels[i]):], s.pixels[i])
	}
	return t
}

func floats(to []float32, from []uint8) {
	for i, v := range from {
		to[i] = float32(v)
	}
}

// bytesOf are the pixels of images for a forward.
func bytesOf(t onnx.Tensor) ([]uint8, error) {
	if len(t.Shape) != 4 || t.Shape[3] != 3 {
		return nil, fmt.Errorf("images of shape %v, want [N H W 3]", t.Shape)
	}
	out := make([]uint8, len(t.Data))
	for i, v := range t.Data {
		if out[i] = uint8(v); float32(out[i]) != v {
			return nil, fmt.Errorf("pixel value %g, want a whole one from 0 to 255", v)
		}
	}
	return out, nil
}

// all computes the logits of every image, in batches of these sizes in turn.
func (s *images) all(ctx context.Context, f forward, sizes ...int) (onnx.Tensor, error) {
	var out onnx.Tensor
	for from, k := 0, 0; from < len(s.pixels); k++ {
		to := min(from+sizes[k%len(sizes)], len(s.pixels))
		logits, err := f(ctx, s.batch(from, to))
		if err != nil {
			return out, err
		}
		if len(logits.Shape) != 2 || logits.Shape[0] != to-from {
			return out, fmt.Errorf("%d images gave an answer of shape %v", to-from, logits.Shape)
		}
		if out.Shape == nil {
			out.Shape = []int{len(s.pixels), logits.Shape[1]}
		}
		out.Data = append(out.Data, logits.Data...)
		from = to
	}
	return out, out.Validate()
}
