package train

import "fmt"

// Monitor is the number by which epochs are compared.
type Monitor string

// The monitors.
const (
	ValAccuracy Monitor = "val_accuracy" // the larger the better, as in the study
	ValLoss     Monitor = "val_loss"     // the smaller the better
	// ValMAP is the mean average precision of several labels an image, the larger the better.
	ValMAP Monitor = "val_map"
)

// Monitors lists them, the default first.
func Monitors() []Monitor { return []Monitor{ValAccuracy, ValLoss, ValMAP} }

func (m Monitor) check() error {
	switch m {
	case "", ValAccuracy, ValLoss, ValMAP:
		return nil
	}
	return fmt.Errorf("monitor %q, want one of %v", m, Monitors())
}

// Better reports whether epoch a is strictly better than b.
func (m Monitor) Better(a, b Epoch) bool {
	switch {
	case m == ValLoss:
		return a.ValLoss < b.ValLoss
	case m == ValMAP && a.ValMAP != nil && b.ValMAP != nil:
		return *a.ValMAP > *b.ValMAP
	}
	return a.ValAccuracy > b.ValAccuracy
}
