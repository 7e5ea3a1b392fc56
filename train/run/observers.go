package run

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train"
)

// Observer hears how reading images and training go.
type Observer interface {
	train.Observer
	// Reading comes while images are read: so many of all.
	Reading(done, total int)
}

// observe is who hears of the training, and what ends it.
func (s *Session) observe(f Folder) (all observers, end func(), err error) {
	if s.options.Observer != nil {
		all = append(all, s.options.Observer)
	}
	all = append(all, s.options.Also...)
	if s.options.TensorBoard == "" {
		return all, func() {}, nil
	}
	e, err := s.openEvents(f, all.Warn)
	if err != nil {
		return nil, nil, fmt.Errorf("TensorBoard: %w", err)
	}
	return append(all, e), e.close, nil
}

// observers tells several observers of a training.
type observers []train.Observer

func (o observers) Progress(p train.Progress) {
	for _, one := range o {
		one.Progress(p)
	}
}

func (o observers) EpochDone(e train.Epoch, best bool) {
	for _, one := range o {
		one.EpochDone(e, best)
	}
}

func (o observers) Warn(text string) {
	for _, one := range o {
		one.Warn(text)
	}
}
