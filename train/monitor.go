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
	// CalibratedLoss is the validation loss with the temperature that makes it least, the
	// smaller the better. Label smoothing and mixup make a network less sure than it could
	// be: its plain loss rises while its answers, with the temperature that exported files
	// have, get better.
	CalibratedLoss Monitor = "calibrated_loss"
)

// Monitors lists them, the default first.
func Monitors() []Monitor { return []Monitor{ValAccuracy, ValLoss, CalibratedLoss} }

func (m Monitor) check() error {
	if m == "" || slices.Contains(Monitors(), m) {
		return nil
	}
	return fmt.Errorf("monitor %q, want one of %v", m, Monitors())
}

// Better reports whether epoch a is strictly better than b.
func (m Monitor) Better(a, b Epoch) bool {
	switch m {
	case ValLoss:
		return a.ValLoss < b.ValLoss
	case CalibratedLoss:
		return a.CalibratedLoss < b.CalibratedLoss
	}
	return a.ValAccuracy > b.ValAccuracy
}
