package train

import (
	"fmt"
	"slices"
)

// Monitor is the number by which epochs are compared.
type Monitor string

// The monitors.
const (
	ValAccuracy Monitor = "val_accuracy" // the larger the better, as in the study
	ValLoss     Monitor = "val_loss"     // the smaller the better
	// ValMAP is the mean average precision of several labels an image, the larger the better.
	ValMAP Monitor = "val_map"
	// CalibratedLoss is the validation loss with the temperature that makes it least, the
	// smaller the better. Label smoothing and mixup make a network less sure than it could
	// be: its plain loss rises while its answers, with the temperature that exported files
	// have, get better.
	CalibratedLoss Monitor = "calibrated_loss"
	// Last is the latest epoch, but for a head that was fitted alone and has a smaller
	// calibrated loss: where the rate falls to nothing and weights are averaged, to choose
	// among the last epochs is to choose by chance.
	Last Monitor = "last"
)

// Monitors lists them, the default first.
func Monitors() []Monitor { return []Monitor{ValAccuracy, ValLoss, CalibratedLoss, Last, ValMAP} }

func (m Monitor) check() error {
	if m == "" || slices.Contains(Monitors(), m) {
		return nil
	}
	return fmt.Errorf("monitor %q, want one of %v", m, Monitors())
}

// calibrated says whether epochs have a calibrated loss.
func (m Monitor) calibrated() bool { return m == CalibratedLoss || m == Last }

// Better reports whether epoch a is strictly better than b, which came before it.
func (m Monitor) Better(a, b Epoch) bool {
	switch m {
	case ValMAP:
		if a.ValMAP != nil && b.ValMAP != nil {
			return *a.ValMAP > *b.ValMAP
		}
	case ValLoss:
		return a.ValLoss < b.ValLoss
	case CalibratedLoss:
		return a.CalibratedLoss < b.CalibratedLoss
	case Last:
		return b.LearningRate > 0 || a.CalibratedLoss < b.CalibratedLoss
	}
	return a.ValAccuracy > b.ValAccuracy
}
