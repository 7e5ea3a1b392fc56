package sweep

import (
	"fmt"
	"math"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/table"
)

// Figure is the number of the validation images by which trials are compared: that of the
// epoch whose weights a trial keeps.
type Figure string

// The figures.
const (
	ValAccuracy    Figure = "val_accuracy"
	ValMAP         Figure = "val_map"
	ValLoss        Figure = "val_loss"
	CalibratedLoss Figure = "calibrated_loss"
)

// figureOf is the figure that all of the trials monitor. Where they monitor different ones,
// or losses of different kinds, or the last epoch whatever it does, it is the accuracy.
func figureOf(trials []Trial) Figure {
	first := trials[0].Settings
	for _, t := range trials {
		if t.Settings.Monitor != first.Monitor || t.Settings.Loss != first.Loss {
			return ValAccuracy
		}
	}
	switch train.Monitor(first.Monitor) {
	case train.ValLoss:
		return ValLoss
	case train.CalibratedLoss:
		return CalibratedLoss
	case train.ValMAP:
		return ValMAP
	}
	return ValAccuracy
}

// of is the figure of an epoch, NaN where it has none.
func (f Figure) of(e train.Epoch) float64 {
	switch f {
	case ValLoss:
		return e.ValLoss
	case CalibratedLoss:
		return e.CalibratedLoss
	case ValMAP:
		if e.ValMAP == nil {
			return math.NaN()
		}
		return *e.ValMAP
	}
	return e.ValAccuracy
}

// better says whether a is strictly better than b; every number is better than NaN.
func (f Figure) better(a, b float64) bool {
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return !math.IsNaN(a) && math.IsNaN(b)
	case f.isLoss():
		return a < b
	}
	return a > b
}

// text is a value of the figure, for people.
func (f Figure) text(v float64) string {
	switch {
	case math.IsNaN(v):
		return "none"
	case f.isLoss():
		return fmt.Sprintf("%.4f", v)
	}
	return table.Percent(v)
}

// points is a difference of two values of the figure, for people: percents have points.
func (f Figure) points(v float64) string {
	if f.isLoss() {
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.1f", 100*v)
}

// isLoss says that less is better.
func (f Figure) isLoss() bool { return f == ValLoss || f == CalibratedLoss }

// best is the epoch whose weights a trial would keep after so many epochs.
func best(history []train.Epoch, monitor train.Monitor, epochs int) (b train.Epoch, ok bool) {
	for i, e := range history {
		if i >= epochs {
			break
		}
		if i == 0 || monitor.Better(e, b) {
			b = e
		}
	}
	return b, len(history) > 0 && epochs > 0
}
