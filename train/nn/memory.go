package nn

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/onnx"
)

// MemoryError says that the activations and gradients of a batch need more memory than
// Config.Memory.
type MemoryError struct {
	Images     int   // in the batch
	Need, Room int64 // bytes; Need at least
	Fits       int   // images that do not need more; 0: not even one
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("activations and gradients of %d images need at least %s of memory, want "+
		"%s or less", e.Images, machine.GiB(e.Need), machine.GiB(e.Room))
}

// Prepare makes the graph of steps of so many images, which the first such step would
// make, and returns how many bytes its activations and gradients take; weights, their
// gradients, the optimizer's state and an engine's own memory come on top. It fails with
// a [*MemoryError] where Config.Memory is less, and has then found how many images fit.
func (n *Network) Prepare(images int) (bytes int64, err error) {
	bytes, err = n.stepBytes(images)
	var large, still *MemoryError
	if !errors.As(err, &large) {
		return bytes, err
	}
	// In proportion too many seem to fit: not all that a step takes grows with the batch.
	for large.Fits > 0 {
		if _, e := n.stepBytes(large.Fits); !errors.As(e, &still) {
			break
		}
		large.Fits = min(still.Fits, large.Fits-1)
	}
	return 0, err
}

func (n *Network) stepBytes(images int) (int64, error) {
	side := cmp.Or(n.cfg.TrainSize, n.source.spec.Input[1])
	// What is beyond all measure is refused before kernels are prepared for it.
	if err := n.source.sized(side).largest(images); err != nil {
		return 0, err
	}
	p, err := n.program(images, side, training)
	if err != nil {
		return 0, err
	}
	return valueBytes * int64(p.need), nil
}

// valueBytes is the size of a float32.
const valueBytes = 4

// largest checks the room for the largest activation of so many images.
func (s *source[T]) largest(images int) error {
	shapes, err := s.spec.Shapes()
	if err != nil {
		return err
	}
	values := 1
	for _, shape := range shapes {
		values = max(values, onnx.Elements(shape))
	}
	need, room := valueBytes*float64(values)*float64(images), s.memory.limit
	if room == 0 || need <= float64(room) {
		return nil
	}
	need = min(need, math.MaxInt64/2)
	return ofImages(&MemoryError{Need: int64(need), Room: room}, images)
}

// room checks that so many values may be reserved.
func (w *workspace[T]) room(values int) error {
	if need := valueBytes * int64(values); w.limit > 0 && need > w.limit {
		return &MemoryError{Need: need, Room: w.limit}
	}
	return nil
}

// ofImages completes a MemoryError in err.
func ofImages(err error, images int) error {
	var large *MemoryError
	if errors.As(err, &large) {
		large.Images = images
		large.Fits = int(float64(large.Room) / (float64(large.Need) / float64(images)))
	}
	return err
}
