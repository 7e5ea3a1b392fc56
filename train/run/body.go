package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
)

// Body is a network without its head: it gives each image the numbers that the head
// reads, its features. Close it. It is for one goroutine at a time.
type Body struct {
	name       string
	preprocess imageprep.Config

	features *nn.Features
	engine   kernel.Engine[float32]
	check    func(ctx context.Context, pixels []uint8, n int) error // before the first run; may be nil
	pixels   []uint8
}

// Body is the network of one of the run's checkpoints without its head; 0 threads are all
// cores.
func (f Folder) Body(w Which, threads int) (*Body, error) {
	saved, err := f.Checkpoint(w)
	if err != nil {
		return nil, err
	}
	b := &Body{name: f.CheckpointPath(w), preprocess: saved.Preprocess}
	return b, b.open(saved.Spec, saved.Weights, threads)
}

// Body is the network without its head; 0 threads are all cores. Before its first
// features are computed it is compared with its file.
func (b *Base) Body(threads int) (*Body, error) {
	spec, w, _, err := b.Replace([]string{"0", "1"}, 1) // the head is cut off again
	if err != nil {
		return nil, err
	}
	body := &Body{name: b.Name, check: b.Check,
		preprocess: imageprep.Config{Size: b.Size, Resize: imageprep.Stretch}}
	return body, body.open(spec, w, threads)
}

// open makes the network. Where it fails nothing needs closing.
func (b *Body) open(spec model.Spec, w model.Weights, threads int) error {
	if spec.Extractor() != nil {
		return fmt.Errorf("%s: its features are by an extractor, which does not run here", b.name)
	}
	node, err := cut(&spec)
	if err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	if b.engine, err = engine.Default(threads); err != nil {
		return err
	}
	if b.features, err = nn.NewFeatures(spec, w, node, b.engine); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", b.name, err), b.engine.Close())
	}
	return nil
}

// Network is the network's name, for people.
func (b *Body) Network() string { return b.name }

// Prep is how pictures become the images that Features takes.
func (b *Body) Prep() imageprep.Config { return b.preprocess }

// Features are those of images that have the size of Prep, image after image.
func (b *Body) Features(ctx context.Context, images []imageprep.Image) ([]float32, error) {
	b.pixels = b.pixels[:0]
	for _, img := range images {
		b.pixels = append(b.pixels, img.Pix...)
	}
	if b.check != nil {
		n := min(len(images), checkedImages)
		if err := b.check(ctx, b.pixels[:len(b.pixels)/len(images)*n], n); err != nil {
			return nil, err
		}
		b.check = nil
	}
	return b.features.Run(ctx, b.pixels, len(images))
}

// Close releases the kernels.
func (b *Body) Close() error { return b.engine.Close() }
