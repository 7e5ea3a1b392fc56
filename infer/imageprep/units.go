package imageprep

import (
	"fmt"
	"slices"
)

// UnitsError says that a mean or a standard deviation is not one of pixels from 0 to 1.
type UnitsError struct {
	Name string    // mean or std
	Got  []float64 // its values
	// Mean and Std are both as they were probably meant; nil where none was given.
	Mean, Std []float64
	twice     bool // it was divided by 255 twice
}

func (e *UnitsError) Error() string {
	want, mend := "numbers", "divide by 255 what is for bytes"
	if e.Name == "std" {
		want = "numbers over 0"
	}
	if e.twice {
		mend = "multiply by 255 what was divided by it twice"
	}
	return fmt.Sprintf("got %v, want %s for pixels from 0 to 1: %s", e.Got, want, mend)
}

// A standard deviation of pixels from 0 to 1 is not above 1, and not below a grey level,
// which networks that take bytes have. ImageNet's are 0.225 or so, which divided by 255
// are 0.0009. What is smaller still was no mistake of units.
const (
	leastStd  = 0.75 / 255
	beyondStd = 0.001 / 255
)

// CheckUnits returns a [UnitsError] where numbers for (pixel - mean) / std, by channel or
// one for all, are of pixels from 0 to 255, or divided by 255 twice. Whether they are
// finite, and how many, is not its matter.
func CheckUnits(mean, std []float64) error {
	large := func(v float64) bool { return v > 1 || v < -1 }
	tiny := func(v float64) bool { return v > beyondStd && v < leastStd }
	e := &UnitsError{Mean: mean, Std: std}
	switch {
	case slices.ContainsFunc(std, large):
		e.Name, e.Got, e.Std = "std", std, times(std, 1./255)
		if slices.ContainsFunc(mean, large) {
			e.Mean = times(mean, 1./255)
		}
	case slices.ContainsFunc(mean, large):
		e.Name, e.Got, e.Mean = "mean", mean, times(mean, 1./255)
		if len(std) == 0 || !slices.ContainsFunc(std, func(v float64) bool { return v != 1 }) {
			e.Std = []float64{1. / 255} // the mean of bytes, which are not scaled
		}
	case slices.ContainsFunc(std, tiny):
		e.Name, e.Got, e.twice, e.Std = "std", std, true, times(std, 255)
		if !slices.ContainsFunc(mean, func(v float64) bool { return v > 1./255 }) {
			e.Mean = times(mean, 255)
		}
	default:
		return nil
	}
	return e
}

func times(values []float64, factor float64) []float64 {
	result := slices.Clone(values)
	for i := range result {
		result[i] *= factor
	}
	return result
}
