package study

import "github.com/flowerctl/flowerctl/train/arch"

// Next is the cheapest row that is not done, nor another process's, nil when all are.
func (s *Study) Next() *Attempt {
	var best *Attempt
	var cheapest float64
	for _, a := range s.Attempts {
		if a.Ended() || a.Busy || a.Err != nil {
			continue
		}
		if cost, _ := s.Cost(a); best == nil || cost < cheapest {
			best, cheapest = a, cost
		}
	}
	return best
}

// guess is how many operations a second training does where no row was measured
// yet: it decides an order only.
const guess = 1e11

// Cost estimates the seconds that the rest of a row takes, and says whether that
// rests on a measurement: of this row, or of what others took for an operation. A
// row is taken to need as many epochs as in the study.
func (s *Study) Cost(a *Attempt) (seconds float64, measured bool) {
	epochs := a.Epochs
	if epochs == 0 || epochs > a.Settings.Epochs {
		epochs = a.Settings.Epochs
	}
	left := float64(max(1, epochs-a.EpochsDone()))
	if n := a.EpochsDone(); n > 0 {
		return left * a.Record.Seconds() / float64(n), true
	}
	var took, work float64
	for _, other := range s.Attempts {
		if n := other.EpochsDone(); n > 0 {
			took += other.Record.Seconds()
			work += float64(n) * other.work()
		}
	}
	if work == 0 {
		return left * a.work() / guess, false
	}
	return left * a.work() * took / work, true
}

// work is the operations of an epoch, to a factor that all rows share. Forward and
// backward are three times forward.
func (a *Attempt) work() float64 {
	const images = 3454 // the study's
	spec, err := a.Settings.Spec(arch.StudyClasses)
	if err != nil {
		return 0
	}
	flops, _, err := spec.FLOPs()
	if err != nil {
		return 0
	}
	return 3 * images * float64(flops)
}
