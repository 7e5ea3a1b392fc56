package run

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/table"
)

// standardBatch is the study's number of images a step. Folders of few images get a
// smaller one: fewestSteps an epoch, of smallestBatch images or more.
const standardBatch, smallestBatch, fewestSteps = 32, 8, 8

// AutoBatch as Settings.Batch stands for the largest power of two with which an epoch has
// 8 steps or more, which is up to mostBatch, and whose step memory holds.
const AutoBatch = -1

// mostBatch is where a larger batch makes steps no faster, and few learn better by it.
const mostBatch = 1024

// batchFor is the number of images a step that suits so many training images, whatever the
// seed and the fold: see Session.trainingImages.
func batchFor(images int) int {
	return min(standardBatch, max(smallestBatch, images/fewestSteps))
}

// largestFor is the most that [AutoBatch] is for so many training images.
func largestFor(images int) int {
	return min(mostBatch, powerOfTwo(max(smallestBatch, images/fewestSteps)))
}

// powerOfTwo is the largest one that is n or less; n is 1 or more.
func powerOfTwo(n int) int { return 1 << (bits.Len(uint(n)) - 1) }

// settleBatch replaces what stands for a number of images a step by one. [AutoBatch] becomes
// one that may still be too large, for which prepare looks.
func (s *Session) settleBatch() {
	images := s.trainingImages()
	switch s.plan.Batch {
	case AutoBatch:
		s.AutoBatch = true
		s.plan.Batch = largestFor(images)
	case 0:
		s.plan.Batch = standardBatch
		if s.plan.Data != "" { // as many flowers as one wants can be drawn
			s.plan.Batch = batchFor(images)
		}
		s.SmallBatch = s.plan.Batch < standardBatch
	}
	s.Settings.Batch = s.plan.Batch
}

// roomForSteps is how many bytes the activations and gradients of a step may take where so
// many are free: nine tenths.
func roomForSteps(free int64) int64 { return free / 10 * 9 }

// prepare makes the graph of the steps, unless the head is fitted without any, and
// refuses a batch that memory does not hold; [AutoBatch] becomes one that it does.
func (s *Session) prepare() (err error) {
	if s.plan.FitOnly() {
		s.AutoBatch = false // no step is done
		return nil
	}
	s.StepBytes, err = s.Network.Prepare(s.stepImages())
	var large *nn.MemoryError
	switch {
	case !errors.As(err, &large):
		return err
	case large.Fits < 1:
		return &SettingError{[]string{"batch"}, fmt.Errorf("%w: not even one fits", large)}
	case !s.AutoBatch:
		return &SettingError{[]string{"batch"}, fmt.Errorf("%w: %d fit", large, large.Fits)}
	}
	s.plan.Batch = powerOfTwo(large.Fits)
	s.Settings.Batch = s.plan.Batch
	if err := s.loaders(); err != nil {
		return err
	}
	s.StepBytes, err = s.Network.Prepare(s.stepImages())
	return err
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
		table.Count(s.stepImages(), "image"), (s.StepBytes+1<<20-1)>>20)
}
