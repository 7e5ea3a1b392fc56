package infer

import (
	"context"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
)

// maxLoneBytes is the size of a model that is opened twice: of those that graphs are
// cached for, which open in a fraction of the time.
const maxLoneBytes = 128 << 20

// openLone opens the model again for runs that all cores work on, where they are wanted.
func (c *Classifier) openLone(m *ort.Model, size int, o Options) (err error) {
	device := c.session.Device()
	if !o.Many || device.CUDA || o.LoneThreads <= max(1, o.Session.Threads) || size > maxLoneBytes {
		return nil
	}
	o.Session.Threads = o.LoneThreads
	c.lone, err = m.Open(o.Session)
	return err
}

// ClassifyLone is [Classifier.Classify] for a caller that has nothing else to run: the
// threads of [Options.LoneThreads] work on the run, where Classify's would have one of
// [Options.Many]. It is the sooner answer and, with other runs beside it, the slower way
// to many. The answers are the same, to the bit: threads share out the numbers of a layer,
// never the sum that makes one.
func (c *Classifier) ClassifyLone(ctx context.Context, images []imageprep.Image) ([]Answer, error) {
	if c.lone == nil {
		return c.Classify(ctx, images)
	}
	return c.classify(ctx, c.lone, images)
}
