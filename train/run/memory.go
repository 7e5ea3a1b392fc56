package run

import (
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/table"
)

// roomForSteps is how many bytes the activations and gradients of a step may take: nine
// tenths of what is free, 0 where that is not known.
func roomForSteps() int64 {
	free, _ := machine.FreeMemory()
	return free / 10 * 9
}

// prepare makes the graph of the steps, unless the head is fitted without any, and
// refuses a batch that memory does not hold.
func (s *Session) prepare() (err error) {
	if s.plan.FitOnly() {
		return nil
	}
	s.StepBytes, err = s.Network.Prepare(s.stepImages())
	var large *nn.MemoryError
	switch {
	case !errors.As(err, &large):
		return err
	case large.Fits < 1:
		return &SettingError{[]string{"batch"}, fmt.Errorf("%w: not even one fits", large)}
	}
	return &SettingError{[]string{"batch"}, fmt.Errorf("%w: %d fit", large, large.Fits)}
}

// stepImages is how many images a step has: no more than there are.
func (s *Session) stepImages() int {
	if s.Training == nil {
		return s.plan.Batch
	}
	return min(s.plan.Batch, s.Training.Len())
}

// stepMemory says what the steps take, for people.
func (s *Session) stepMemory() string {
	if s.StepBytes == 0 {
		return ""
	}
	return fmt.Sprintf("a step of %s takes %d MiB for activations and gradients",
		table.Count(s.stepImages(), "image"),
		(s.StepBytes+1<<20-1)>>20)
}
