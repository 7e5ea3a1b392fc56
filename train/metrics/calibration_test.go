package metrics

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/golden"
)

// calibrated is made by fixtures/golden/calibration.py.
type calibrated struct {
	True             []int       `json:"true"`
	Probabilities    [][]float32 `json:"probabilities"`
	Temperature      float64     `json:"temperature"`
	ECE              float64     `json:"ece"`
	NLL              float64     `json:"nll"`
	Tempered         []float64   `json:"tempered"` // the first image's
	ROCArea          []float64   `json:"roc_auc"`
	AveragePrecision []float64   `json:"average_precision"`
}

func TestCalibrationIsThatOfSciPy(t *testing.T) {
	cases, err := golden.Read[[]calibrated]("calibration.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range cases {
		a := &Answers{Labels: want.True, Probabilities: want.Probabilities}
		if got := a.Temperature(); math.Abs(got/want.Temperature-1) > 2e-4 {
			t.Errorf("case %d: got temperature %g, want %g", i, got, want.Temperature)
		}
		r := a.Reliability()
		if math.Abs(r.ECE-want.ECE) > 1e-6 || math.Abs(r.NLL-want.NLL) > 1e-5 {
			t.Errorf("case %d: got ECE %g and NLL %g, want %g and %g", i, r.ECE, r.NLL, want.ECE, want.NLL)
		}
		for k := range want.Tempered {
			p := a.Tempered(want.Temperature).At(0, k)
			if math.Abs(float64(p)-want.Tempered[k]) > 1e-5 {
				t.Errorf("case %d: got probability %g of class %d, want %g", i, p, k, want.Tempered[k])
			}
		}
	}
}

func TestTheCalibratedLossIsTheLeastOverTemperatures(t *testing.T) {
	cases, err := golden.Read[[]calibrated]("calibration.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		a := &Answers{Labels: c.True, Probabilities: c.Probabilities}
		want := a.Tempered(c.Temperature).Reliability().NLL
		if got := a.CalibratedLoss(); math.Abs(got-want) > 1e-5 || got > c.NLL {
			t.Errorf("case %d: got %g, want %g, and at most %g", i, got, want, c.NLL)
		}
	}
}

func TestAreasAreThoseOfScikitLearn(t *testing.T) {
	cases, err := golden.Read[[]calibrated]("calibration.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range cases {
		a := &Answers{Labels: want.True, Probabilities: want.Probabilities}
		for k, c := range a.Curves(make([]string, len(want.ROCArea))) {
			if !near(c.ROCArea, want.ROCArea[k]) || !near(c.AveragePrecision, want.AveragePrecision[k]) {
				t.Errorf("case %d, class %d: got areas %g and %g, want %g and %g", i, k,
					c.ROCArea, c.AveragePrecision, want.ROCArea[k], want.AveragePrecision[k])
			}
		}
	}
}

// confident are answers for n images of two classes, of a network that says p and is
// right for a share of them.
func confident(n int, p float32, right float64) *Answers {
	a := new(Answers)
	for i := range n {
		label := 1
		if float64(i) < right*float64(n) {
			label = 0
		}
		a.Labels = append(a.Labels, label)
		a.Probabilities = append(a.Probabilities, []float32{p, 1 - p})
	}
	return a
}

// TestAfterIsMeasuredOnOtherImages: with an image in five of another kind, each
// fold's temperature differs from that of all.
func TestAfterIsMeasuredOnOtherImages(t *testing.T) {
	a := confident(50, 0.9, 1)
	for i := range a.Labels {
		if i%calibrationFolds == 0 {
			a.Labels[i] = 1
		}
	}
	c := a.Calibrate()
	if same := a.Tempered(c.Temperature).Reliability(); c.After.NLL <= same.NLL {
		t.Errorf("got NLL %g after, want more than %g, that on the images of the fit", c.After.NLL, same.NLL)
	}
	if c.Images != 50 || c.Before.ECE == 0 {
		t.Errorf("got %+v", c)
	}
}

func TestTemperatureIsBounded(t *testing.T) {
	for name, a := range map[string]*Answers{
		"none": {}, "one right": confident(1, 0.9, 1), "all right": confident(500, 0.6, 1),
		"all wrong": confident(500, 1, 0),
	} {
		got := a.Temperature()
		if !(got >= MinTemperature*0.999 && got <= MaxTemperature*1.001) {
			t.Errorf("%s: got temperature %g", name, got)
		}
	}
	if got := new(Answers).Temperature(); math.Abs(got-1) > 1e-3 {
		t.Errorf("of no answers: got temperature %g, want 1", got)
	}
	if got := confident(5, 0.9, 1).Temperature(); got < 0.5 {
		t.Errorf("of five right answers: got temperature %g, want 0.5 or more", got)
	}
}

func TestReliabilityCountsEveryImageOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	a := new(Answers)
	for range 300 {
		p := rng.Float32()
		a.Labels = append(a.Labels, rng.IntN(2))
		a.Probabilities = append(a.Probabilities, []float32{p, 1 - p})
	}
	a.Labels = append(a.Labels, 0)
	a.Probabilities = append(a.Probabilities, []float32{1, 0})
	n := 0
	for _, b := range a.Reliability().Bins {
		if n += b.N; b.N > 0 && !(b.Confidence > b.From-1e-9 && b.Confidence <= b.To+1e-9) {
			t.Errorf("bin of %g to %g has the mean confidence %g", b.From, b.To, b.Confidence)
		}
	}
	if n != 301 {
		t.Errorf("got %d images in the bins, want 301", n)
	}
}

// TestTogetherIsTheReliabilityOfAll: of two parts it is what all answers at once have.
func TestTogetherIsTheReliabilityOfAll(t *testing.T) {
	all := &Answers{}
	for i := range 40 {
		p := float32(i+1) / 41
		all.Labels = append(all.Labels, i%3%2)
		all.Probabilities = append(all.Probabilities, []float32{p, 1 - p})
	}
	first := &Answers{Labels: all.Labels[:13], Probabilities: all.Probabilities[:13]}
	second := &Answers{Labels: all.Labels[13:], Probabilities: all.Probabilities[13:]}
	a, b, want := first.Reliability(), second.Reliability(), all.Reliability()
	got := Together([]*Reliability{&a, &b})
	if math.Abs(got.ECE-want.ECE) > 1e-12 || math.Abs(got.NLL-want.NLL) > 1e-12 {
		t.Errorf("got %g and %g, want %g and %g", got.ECE, got.NLL, want.ECE, want.NLL)
	}
	for i, bin := range got.Bins {
		w := want.Bins[i]
		if bin.N != w.N || math.Abs(bin.Confidence-w.Confidence) > 1e-12 || math.Abs(bin.Accuracy-w.Accuracy) > 1e-12 {
			t.Errorf("bin %d: got %+v, want %+v", i, bin, w)
		}
	}
	if Together(nil) != nil || Together([]*Reliability{&a, nil}) != nil {
		t.Error("what one part has not, all have")
	}
}

func TestThresholdHasThePrecisionThatIsWanted(t *testing.T) {
	a := new(Answers)
	for i := range 100 { // the more confident, the more often right
		p := 0.5 + float32(i)/200
		label := 0
		if i < 50 && i%2 == 0 {
			label = 1
		}
		a.Labels = append(a.Labels, label)
		a.Probabilities = append(a.Probabilities, []float32{p, 1 - p})
	}
	curve := a.Coverage()
	if last := curve[len(curve)-1]; len(curve) != 100 || last.Coverage != 1 || last.N != 100 || last.Right != 75 {
		t.Errorf("got %d points, the last %+v", len(curve), last)
	}
	for _, c := range []struct {
		wanted, precision, coverage float64
		ok                          bool
	}{{0.5, 0.75, 1, true}, {0.9, 57. / 63, 0.63, true}, {1, 1, 0.51, true}} {
		got, ok := ChooseThreshold(curve, c.wanted)
		if ok != c.ok || !near(got.Precision, c.precision) || !near(got.Coverage, c.coverage) {
			t.Errorf("%g: got %+v, %v, want %+v", c.wanted, got, ok, c)
		}
		given := 0
		for _, p := range a.Probabilities {
			if float64(max(p[0], p[1])) >= got.Confidence {
				given++
			}
		}
		if float64(given) != 100*got.Coverage {
			t.Errorf("%g: %d answers are given, want %g", c.wanted, given, 100*got.Coverage)
		}
	}
	if got, ok := ChooseThreshold(confident(100, 0.9, 0.5).Coverage(), 0.95); ok || got.Precision != 0.5 {
		t.Errorf("got %+v, %v, want no threshold", got, ok)
	}
	if _, ok := ChooseThreshold(nil, 0.5); ok {
		t.Error("no answers have a threshold")
	}
}
