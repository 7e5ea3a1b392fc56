package sweep

import "testing"

// TestTheBestSettingsAreGivenWithTheirUncertainty: the interval of one trial, or the mean,
// the deviation and the number of several; and how many others are within it.
func TestTheBestSettingsAreGivenWithTheirUncertainty(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	point := func(n int, mean float64, deviation *float64) Point {
		trials := []int{n}
		if deviation != nil {
			trials = []int{n, n + 1, n + 2}
		}
		return Point{Point: n, Tried: map[string]string{"lr": "0.1"}, Trials: trials, Mean: number(mean),
			Deviation: deviation, Run: "s/trial-0001", Interval: [2]float64{0.6, 0.9}}
	}
	for _, c := range []struct {
		figure Figure
		points []Point
		want   string
	}{
		{ValAccuracy, []Point{point(1, 0.8, nil), point(2, 0.61, nil), point(3, 0.59, nil)},
			"best val_accuracy of 3 settings: lr 0.1, 80.0 %, s/trial-0001 (95 % interval 60.0 to 90.0; " +
				"another one of the settings is within it)"},
		{ValAccuracy, []Point{point(1, 0.8, number(0.05)), point(2, 0.74, number(0.1))},
			"best val_accuracy of 2 settings: lr 0.1, mean 80.0 % of 3 trials (standard deviation 5.0), " +
				"the best of them s/trial-0001"},
		{ValMAP, []Point{point(1, 0.8, number(0.05)), point(2, 0.76, number(0.1)), point(3, 0.78, nil)},
			"best val_map of 3 settings: lr 0.1, mean 80.0 % of 3 trials (standard deviation 5.0; " +
				"2 others of the settings are within it), the best of them s/trial-0001"},
		{ValLoss, []Point{point(1, 0.8, number(0.05)), point(2, 0.84, nil), point(3, 0.86, nil)},
			"best val_loss of 3 settings: lr 0.1, mean 0.8000 of 3 trials (standard deviation 0.0500; " +
				"another one of the settings is within it), the best of them s/trial-0001"},
	} {
		r := &Result{Figure: c.figure, Points: c.points, Best: &c.points[0]}
		if got := r.line(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
