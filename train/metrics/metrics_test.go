package metrics

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
)

// row is a row of scikit-learn's classification_report.
type row struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1-score"`
	Support   float64 `json:"support"`
}

// recorded is made by fixtures/golden/metrics.py.
type recorded struct {
	Labels    []string                   `json:"labels"`
	True      []int                      `json:"true"`
	Predicted []int                      `json:"predicted"`
	Confusion [][]int                    `json:"confusion"`
	Report    map[string]json.RawMessage `json:"report"`
	Interval  [2]float64                 `json:"interval"`
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12 }

func TestReportIsThatOfScikitLearn(t *testing.T) {
	cases, err := golden.Read[[]recorded]("metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range cases {
		c := NewConfusion(want.Labels)
		for i, class := range want.True {
			c.Add(class, want.Predicted[i])
		}
		if !reflect.DeepEqual(c.Counts(), want.Confusion) {
			t.Errorf("got confusion matrix %v, want %v", c.Counts(), want.Confusion)
		}
		if low, high := c.Interval(); !near(low, want.Interval[0]) || !near(high, want.Interval[1]) {
			t.Errorf("got interval %g to %g, want %v", low, high, want.Interval)
		}
		r := c.Report()
		scores := append(append([]Score{}, r.Classes...), r.Macro, r.Weighted)
		if len(scores) != len(want.Report)-1 {
			t.Errorf("got %d rows, want %d", len(scores), len(want.Report)-1)
		}
		for _, s := range scores {
			var w row
			if err := json.Unmarshal(want.Report[s.Label], &w); err != nil {
				t.Fatalf("%s: %v", s.Label, err)
			}
			if !near(s.Precision, w.Precision) || !near(s.Recall, w.Recall) || !near(s.F1, w.F1) ||
				float64(s.Support) != w.Support {
				t.Errorf("got %+v, want %+v", s, w)
			}
		}
		var accuracy float64
		if err := json.Unmarshal(want.Report["accuracy"], &accuracy); err != nil {
			t.Fatal(err)
		}
		if !near(r.Accuracy, accuracy) {
			t.Errorf("got accuracy %g, want %g", r.Accuracy, accuracy)
		}
	}
}

func TestRowsAreTheTrueClass(t *testing.T) {
	c := NewConfusion([]string{"rose", "tulip", "daisy"})
	c.Add(0, 1)
	c.Add(0, 1)
	c.Add(2, 2)
	if c.Counts()[0][1] != 2 || c.Support(0) != 2 || c.Predicted(1) != 2 || c.Predicted(0) != 0 {
		t.Errorf("two roses taken for tulips: got %v", c.Counts())
	}
	if class, rate := c.Majority(); class != 0 || !near(rate, 2.0/3) {
		t.Errorf("got majority class %d, %g, want 0, 2/3", class, rate)
	}
}

func TestNothingCountedIsNoDivisionByZero(t *testing.T) {
	c := NewConfusion([]string{"a", "b"})
	if low, high := c.Interval(); low != 0 || high != 1 {
		t.Errorf("got interval %g to %g, want 0 to 1", low, high)
	}
	if r := c.Report(); r.Accuracy != 0 || r.Weighted.F1 != 0 || r.Macro.F1 != 0 {
		t.Errorf("got %+v, want zeros", r)
	}
	if _, rate := c.Majority(); rate != 0 {
		t.Errorf("got majority rate %g, want 0", rate)
	}
}

func TestMajorityIsTheFirstOfEquals(t *testing.T) {
	c := NewConfusion([]string{"a", "b", "c"})
	for _, class := range []int{0, 2, 1, 1, 2} {
		c.Add(class, 0)
	}
	if class, rate := c.Majority(); class != 1 || rate != 0.4 {
		t.Errorf("got class %d with %g, want 1 with 0.4", class, rate)
	}
}

func TestMeanDeviation(t *testing.T) {
	if mean, d := MeanDeviation([]float64{1, 2, 4, 5}); mean != 3 || math.Abs(d-1.8257418583505538) > 1e-12 {
		t.Errorf("got %g, %g, want those of numpy's std(ddof=1)", mean, d)
	}
	if mean, d := MeanDeviation([]float64{7}); mean != 7 || d != 0 {
		t.Errorf("of one: got %g, %g", mean, d)
	}
}

func TestMergedMatricesCountAllAnswers(t *testing.T) {
	a, b := NewConfusion([]string{"x", "y"}), NewConfusion([]string{"x", "y"})
	a.Add(0, 1)
	b.Add(0, 1)
	b.Add(1, 1)
	a.Merge(b)
	if a.N() != 3 || a.Count(0, 1) != 2 || a.Correct() != 1 || a.Support(0) != 2 {
		t.Errorf("got %v", a.Counts())
	}
}
