package infer

import (
	"context"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
)

// Classify answers for each image, in order. Images that do not have the size
// of Preprocess already are resized here.
func (c *Classifier) Classify(ctx context.Context, images []imageprep.Image) ([]Answer, error) {
	return c.classify(ctx, c.session, images)
}

// classify is Classify in a session.
func (c *Classifier) classify(ctx context.Context, in *ort.Session, images []imageprep.Image) (
	[]Answer, error) {
	answers := make([]Answer, 0, len(images))
	for len(images) > 0 {
		n := len(images)
		if c.input.batch > 0 {
			n = min(n, c.input.batch)
		}
		values, err := c.values(ctx, in, images[:n])
		if err != nil {
			return nil, err
		}
		answers, images = append(answers, c.answers(values, n)...), images[n:]
	}
	return answers, nil
}

// values are the numbers of one run's output: a row for each image, and more where
// the batch had to be filled up.
func (c *Classifier) values(ctx context.Context, in *ort.Session, images []imageprep.Image) (
	[]float32, error) {
	answer, rows, err := c.raw(ctx, in, images)
	if err != nil {
		return nil, err
	}
	if k := c.width; len(answer.Data) != rows*k {
		return nil, fmt.Errorf("output %s: got shape %v for %d images, want %d classes each",
			c.output, answer.Shape, rows, k)
	}
	return answer.Data, nil
}

// raw is one run's output as it is, and the rows that the run had.
func (c *Classifier) raw(ctx context.Context, in *ort.Session, images []imageprep.Image) (
	answer onnx.Tensor, rows int, err error) {
	b, _ := c.buffers.Get().(*buffer)
	if b == nil {
		b = new(buffer)
	}
	defer c.buffers.Put(b)
	rows = c.fill(b, images)
	out, err := c.run(ctx, in, b, rows)
	return out[c.output], rows, err
}

// fill writes the images of a run into a buffer, and returns how many rows it has. Rows
// beyond the images hold the last image again: a dynamically quantised network takes its
// scales from the smallest and the largest number of all rows, which copies leave as they
// are. Anything else there, zeros too, would change the answers.
func (c *Classifier) fill(b *buffer, images []imageprep.Image) (rows int) {
	rows = c.rows(len(images))
	c.input.room(b, rows*c.prep.Size*c.prep.Size*3)
	for i, img := range images {
		c.input.put(b, i, c.prep.Apply(img))
	}
	c.input.repeat(b, len(images), rows)
	return rows
}

// rows is how many images a run on n images takes. A fixed batch is filled up.
func (c *Classifier) rows(n int) int {
	switch {
	case c.input.batch > 0:
		return c.input.batch
	case c.session.Device().CUDA:
		return rowsOnCUDA(n)
	}
	return n
}

// rowsOnCUDA gives few sizes, because cuDNN tunes itself again for each.
func rowsOnCUDA(n int) int {
	for _, size := range []int{1, 8, 32} {
		if n <= size {
			return size
		}
	}
	return (n + 127) / 128 * 128
}

func (c *Classifier) run(ctx context.Context, in *ort.Session, b *buffer, rows int) (
	map[string]onnx.Tensor, error) {
	size := c.prep.Size
	shape := []int{rows, size, size, 3}
	if c.input.channelsFirst {
		shape = []int{rows, 3, size, size}
	}
	if c.input.bytes {
		return in.RunBytes(ctx, b.bytes, shape)
	}
	return in.Run(ctx, map[string]onnx.Tensor{c.input.name: {Shape: shape, Data: b.floats}})
}
