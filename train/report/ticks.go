package report

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// wholeTicks marks whole numbers only: there is no epoch 2.5.
type wholeTicks struct{}

func (wholeTicks) Ticks(min, max float64) []plot.Tick {
	step := math.Max(1, math.Pow(10, math.Floor(math.Log10(math.Max(max-min, 1)))))
	for _, f := range []float64{0.2, 0.5, 1} {
		if s := step * f; s >= 1 && (max-min)/s <= 8 {
			step = s
			break
		}
	}
	var ticks []plot.Tick
	for v := math.Ceil(min/step) * step; v <= max; v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.0f", v)})
	}
	return ticks
}

// roundTicks marks 4 to 6 multiples of 1, 2 or 5 times a power of ten, on an axis from
// 0 to one of them, as [fromZero] makes it.
type roundTicks struct{}

func (roundTicks) Ticks(min, max float64) []plot.Tick {
	step := roundStep(max - min)
	digits := int(math.Max(0, -math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for i := math.Ceil(min/step-1e-9) + 0; i <= max/step+1e-9; i++ { // + 0: no -0
		label := strconv.FormatFloat(i*step, 'f', digits, 64)
		ticks = append(ticks, plot.Tick{Value: i * step, Label: label})
	}
	return ticks
}

// roundStep is the smallest round step that divides a length into at most five parts.
func roundStep(length float64) float64 {
	if !(length > 0) || math.IsInf(length, 1) {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(length))-1)
	for i := 0; length/step > 5+1e-9; i++ {
		step *= []float64{2, 2.5, 2}[i%3]
	}
	return step
}

// fromZero sets an axis from 0 to the first tick that is not below top.
func fromZero(axis *plot.Axis, top float64) {
	step := roundStep(top)
	axis.Min, axis.Max = 0, math.Max(step, math.Ceil(top/step-1e-9)*step)
	axis.Tick.Marker = roundTicks{}
}
