package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/flowerctl/flowerctl/train/numbers"
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
	// Smoothed is the mean of the losses so far, each with 0.9 times the weight of the
	// next.
	Smoothed float64 `json:"smoothed"`
}

// ErrNoFall is FindRate's error if no rate made the loss fall; it returns the points.
var ErrNoFall = errors.New("the loss fell clearly at no learning rate")

// rateMemory is the weight of the old mean of losses at each step.
const rateMemory = 0.9

// FindRate trains with rates that rise from very small to very large and watches
// the loss (Smith 2017, section 3.3): it stays, falls, and explodes. The best rate
// is the one at which the smoothed loss falls fastest. If it falls at none by more
// than batches differ, the error is ErrNoFall. The test ends when the smoothed loss
// is four times its lowest value, or not finite. It leaves weights and state of the
// network as they were.
func FindRate(ctx context.Context, s Stepper, source Source, test RateTest) (
	points []RatePoint, best float64, err error) {

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
		return nil, 0, fmt.Errorf("rate test from %g to %g in %d steps, "+
			"want a range over 0 and at least 10 steps", test.Low, test.High, test.Steps)
	}
	weights, state := s.Weights().Clone(), s.State()
	defer func() {
		overwrite(s.Weights(), weights)
		err = errors.Join(err, s.Restore(state))
	}()
	if points, err = test.run(ctx, s, source); err != nil {
		return nil, 0, err
	}
	if best, err = recommend(points); err != nil {
		err = fmt.Errorf("%w, of %d from %.1g upwards", err, len(points), test.Low)
	}
	return points, best, err
}

// run collects the points. A step that fails after ten others means that the loss
// has exploded, unless ctx was cancelled.
func (t RateTest) run(ctx context.Context, s Stepper, source Source) (
	points []RatePoint, err error) {

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
			if err != nil || !numbers.Finite(r.Loss) || smoothed > 4*lowest {
				return points, nil
			}
			lowest = min(lowest, smoothed)
			points = append(points, RatePoint{rate, r.Loss, smoothed})
		}
	}
}

// blur is the number of points on each side of a point whose mean with it is used
// to judge its rate. The noise of single batches hardly moves that mean, and unlike
// the running mean it does not lag. The first and the last blur points have none.
const blur = 5

// recommend is the rate at which the loss falls fastest, between the last point
// where it has done no more than a tenth of its fall and the first where a tenth is
// left. The fall, from the start to the lowest point, has to be more than twice the
// scatter of single batches; else the error is ErrNoFall.
func recommend(points []RatePoint) (float64, error) {
	const part, slope = 0.1, 4 // of the fall; half of the steps that it is measured over
	curve := blurred(points)
	if len(curve) <= 2*slope {
		return 0, ErrNoFall
	}
	lowest := 0
	for i, v := range curve {
		if v < curve[lowest] {
			lowest = i
		}
	}
	start := curve[0]
	fall := start - curve[lowest]
	if !(fall > 2*scatter(points)) {
		return 0, ErrNoFall
	}
	from := lowest
	for from > 0 && curve[from] < start-part*fall {
		from--
	}
	to := from
	for curve[to] > start-(1-part)*fall {
		to++
	}
	best, steepest := 0, math.Inf(1)
	for i := from; i <= to; i++ {
		if d := curve[min(i+slope, len(curve)-1)] - curve[max(i-slope, 0)]; d < steepest {
			best, steepest = i, d
		}
	}
	return points[best+blur].Rate, nil
}

// blurred are the means; that of points[i+blur] is at i.
func blurred(points []RatePoint) []float64 {
	var curve []float64
	for i := blur; i+blur < len(points); i++ {
		sum := 0.0
		for _, p := range points[i-blur : i+blur+1] {
			sum += p.Loss
		}
		curve = append(curve, sum/(2*blur+1))
	}
	return curve
}

// scatter is the standard deviation of the losses of the first quarter. Rates are
// too small there to change them: they differ because their batches do.
func scatter(points []RatePoint) float64 {
	first := points[:max(len(points)/4, min(2*blur, len(points)))]
	mean, squares := 0.0, 0.0
	for _, p := range first {
		mean += p.Loss / float64(len(first))
	}
	for _, p := range first {
		squares += (p.Loss - mean) * (p.Loss - mean)
	}
	return math.Sqrt(squares / float64(max(len(first)-1, 1)))
}
