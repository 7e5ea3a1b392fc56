package train

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// RateTest says how FindRate goes through learning rates. Zero fields mean the
// defaults.
type RateTest struct {
	Low, High float64 // from 1e-7 to 10
	Steps     int     // 100, each with a rate a constant factor above the last
}

// RatePoint is one step of a rate test.
type RatePoint struct {
	Rate float64 `json:"lr"`
	Loss float64 `json:"loss"`
	// Smoothed is the mean of the losses so far, each counting 0.9 times the next.
	Smoothed float64 `json:"smoothed"`
}

// rateMemory is how much of the mean of losses is kept at each step.
const rateMemory = 0.9

// FindRate trains with rates that rise from very small to very large and watches
// the loss (Smith 2017, section 3.3): it stays, falls, and explodes. The best
// rate is the one where the smoothed loss falls fastest. It stops when the
// smoothed loss is four times its lowest value, or not finite. Weights and state
// of the network are afterwards as they were before.
func FindRate(ctx context.Context, s Stepper, source Source, test RateTest) (points []RatePoint, best float64, err error) {
	if test.Low == 0 {
		test.Low = 1e-7
	}
	if test.High == 0 {
		test.High = 10
	}
	if test.Steps == 0 {
		test.Steps = 100
	}
	if !(test.Low > 0 && test.High > test.Low) || test.Steps < 10 {
		return nil, 0, fmt.Errorf("rate test from %g to %g in %d steps, want a range over 0 and at least 10 steps",
			test.Low, test.High, test.Steps)
	}
	weights, state := s.Weights().Clone(), s.State()
	defer func() {
		overwrite(s.Weights(), weights)
		err = errors.Join(err, s.Restore(state))
	}()
	if points, err = test.run(ctx, s, source); err != nil {
		return nil, 0, err
	}
	return points, steepest(points), nil
}

// run collects the points. A step that fails after others did not is the loss
// having exploded, unless ctx was cancelled.
func (t RateTest) run(ctx context.Context, s Stepper, source Source) (points []RatePoint, err error) {
	var mean float64
	lowest := math.Inf(1)
	for epoch := 0; ; epoch++ {
		for b, err := range source.Batches(ctx, epoch) {
			if err != nil {
				return nil, err
			}
			i := len(points)
			if i == t.Steps {
				return points, nil
			}
			rate := t.Low * math.Pow(t.High/t.Low, float64(i)/float64(t.Steps-1))
			r, err := s.Step(ctx, b, rate)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil && i < 10 {
				return nil, err
			}
			mean = rateMemory*mean + (1-rateMemory)*r.Loss
			smoothed := mean / (1 - math.Pow(rateMemory, float64(i+1)))
			if err != nil || r.Loss-r.Loss != 0 || smoothed > 4*lowest {
				return points, nil
			}
			lowest = min(lowest, smoothed)
			points = append(points, RatePoint{rate, r.Loss, smoothed})
		}
	}
}

// steepest is the rate before the lowest smoothed loss where that falls fastest,
// measured over five steps.
func steepest(points []RatePoint) float64 {
	const half = 2
	end := 0
	for i, p := range points {
		if p.Smoothed < points[end].Smoothed {
			end = i
		}
	}
	best, slope := points[end].Rate/10, 0.0
	for i := half; i+half <= end; i++ {
		if d := points[i+half].Smoothed - points[i-half].Smoothed; d < slope {
			best, slope = points[i].Rate, d
		}
	}
	return best
}
