package report

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/picture"
)

func TestEpochTicksAreWholeNumbers(t *testing.T) {
	for _, max := range []float64{1, 2, 7, 12, 40, 150, 200} {
		ticks := wholeTicks{}.Ticks(1, max)
		if len(ticks) == 0 || len(ticks) > 12 {
			t.Errorf("to %g: %d ticks, want 1 to 12", max, len(ticks))
		}
		for _, tick := range ticks {
			if tick.Value != float64(int(tick.Value)) {
				t.Errorf("to %g: tick at %g", max, tick.Value)
			}
		}
	}
}

func TestRoundTicksAreFourToSix(t *testing.T) {
	for top := 1e-3; top < 1e4; top *= 1.07 {
		var axis plot.Axis
		fromZero(&axis, top)
		ticks := axis.Tick.Marker.Ticks(axis.Min, axis.Max)
		if len(ticks) < 4 || len(ticks) > 6 || axis.Max < top || ticks[0].Value != 0 ||
			math.Abs(ticks[len(ticks)-1].Value-axis.Max) > 1e-9*axis.Max {
			t.Fatalf("to %g: axis to %g with ticks %v, want 4 to 6 of them", top, axis.Max, ticks)
		}
		for i, tick := range ticks {
			if v, err := strconv.ParseFloat(tick.Label, 64); err != nil || tick.Label[0] == '-' || math.Abs(v-tick.Value) > 1e-9*axis.Max {
				t.Fatalf("to %g: tick %d is at %g and says %s", top, i, tick.Value, tick.Label)
			}
		}
		digit := strings.Trim(ticks[1].Label, "0.")
		if !slices.Contains([]string{"1", "2", "5"}, digit) {
			t.Fatalf("to %g: steps of %s", top, ticks[1].Label)
		}
	}
	var axis plot.Axis
	if fromZero(&axis, 0); axis.Max != 1 || len(axis.Tick.Marker.Ticks(axis.Min, axis.Max)) < 2 {
		t.Errorf("without a value the axis goes to %g", axis.Max)
	}
}

// dashes are those of the lines that are as wide, in the order of their coming.
func dashes(t *testing.T, p picture.Picture, width string) []string {
	t.Helper()
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range regexp.MustCompile(`<path [^>]*>`).FindAllString(string(svg), -1) {
		if !strings.Contains(path, "stroke-width:"+width) {
			continue
		}
		dash := regexp.MustCompile(`stroke-dasharray:[0-9.,]*`).FindString(path)
		if !slices.Contains(out, dash) {
			out = append(out, dash)
		}
	}
	return out
}

func TestAuxiliaryHeadsHaveDashesOfTheirOwn(t *testing.T) {
	r := sample(t, "v6-googlenet", 9)
	p, err := accuracyCurves(r.Outcome, r.Outcome.Heads, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	// Solid, the two heads, and the level of the most frequent class.
	if got := dashes(t, p, "1.6"); len(r.Outcome.Heads) != 2 || len(got) != 4 {
		t.Errorf("%d heads are drawn with dashes %q, want 4 kinds", len(r.Outcome.Heads), got)
	}
}

func TestColoursAreExplainedWhereNumbersAreLeftOut(t *testing.T) {
	for n, scale := range map[int]bool{5: false, 40: true} {
		c := metrics.NewConfusion(make([]string, n))
		c.Add(0, 1)
		svg, err := confusionMatrix(c).SVG()
		if err != nil {
			t.Fatal(err)
		}
		text := string(svg)
		if strings.Contains(text, "numbers of images") == scale || strings.Contains(text, "colours: the share of the row") != scale ||
			strings.Contains(text, ">0 %</text>") != scale {
			t.Errorf("%d classes: want a scale of colours: %v, in place of numbers", n, scale)
		}
	}
}

func TestRatesAreDrawnAndListed(t *testing.T) {
	points := []train.RatePoint{{Rate: 1e-7, Loss: 2, Smoothed: 2}, {Rate: 1e-3, Loss: 1, Smoothed: 1.5}, {Rate: 1, Loss: 9, Smoothed: 5}}
	dir := t.TempDir()
	if err := WriteRates(dir, points, 1e-3); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(dir, "lr-find.csv"))
	if want := "lr,loss,smoothed\n1e-07,2,2\n0.001,1,1.5\n1,9,5\n"; err != nil || string(table) != want {
		t.Errorf("got %q, %v, want %q", table, err, want)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "lr-find.svg"))
	if err != nil || !strings.Contains(string(svg), "falls fastest at 0.001") {
		t.Errorf("the picture does not name the rate: %v", err)
	}
	for _, name := range []string{"of each step", "smoothed", "falls fastest"} {
		if !strings.Contains(string(svg), ">"+name+"</text>") {
			t.Errorf("the picture has no legend for the line %s", name)
		}
	}
	if err := WriteRates(dir, points[:1], 1); err == nil {
		t.Error("one point was drawn")
	}
}

// TestLegendsEndInsideThePicture: also where another font replaces the
// picture's own, since the length of the text is given.
func TestLegendsEndInsideThePicture(t *testing.T) {
	r := sample(t, "v6-googlenet", 9)
	accuracy, err := accuracyCurves(r.Outcome, []string{"a head of a long name", "aux2"}, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	compared, err := Comparison([]Contender{{Name: "runs/a-rather-long-name-of-a-run", History: r.Outcome.History}})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]picture.Picture{
		"validation, a head of a long name": accuracy, "runs/a-rather-long-name-of-a-run": compared,
	} {
		svg, err := p.SVG()
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`<text x="([0-9.]+)"[^>]* textLength="([0-9.]+)"[^>]*>` + name + `</text>`).FindSubmatch(svg)
		if m == nil {
			t.Fatalf("the picture does not say %q, with its length", name)
		}
		x, errX := strconv.ParseFloat(string(m[1]), 64)
		length, errLength := strconv.ParseFloat(string(m[2]), 64)
		if errX != nil || errLength != nil || !(length > 100) || !(x+length < p.W.Points()) {
			t.Errorf("%q is from %g to %g in a picture that is %g wide", name, x, x+length, p.W.Points())
		}
	}
}

// TestOneBadEpochDoesNotFlattenTheOthers: losses are cut off over four times the
// first, in comparisons over twice the largest first.
func TestOneBadEpochDoesNotFlattenTheOthers(t *testing.T) {
	for worst, want := range map[float64]float64{3.9: 3.9, 4.1: 1} {
		if got := lossLimit([]curve{{y: []float64{0.9, worst}}, {y: []float64{1, 0.5}}}); got != want {
			t.Errorf("with a loss of %g: drawn up to %g, want %g", worst, got, want)
		}
	}
	for worst, want := range map[float64]float64{1.9: 1.9, 2.1: 1} {
		runs := []Contender{{History: []train.Epoch{{ValLoss: 1}, {ValLoss: worst}}},
			{History: []train.Epoch{{ValLoss: 0.5}}}, {}}
		if got := lossTop(runs); got != want {
			t.Errorf("with a loss of %g: compared up to %g, want %g", worst, got, want)
		}
	}
}

func TestRatesHaveSixDigits(t *testing.T) {
	table := rateTable([]train.RatePoint{{Rate: 1.23456789e-3, Loss: 1, Smoothed: 2}})
	if got := table.Rows[0][0]; got != "0.00123457" {
		t.Errorf("got %s", got)
	}
}

// TestNumbersAreReadOnEveryCell: white on cells that are darker than half.
func TestNumbersAreReadOnEveryCell(t *testing.T) {
	for share, white := range map[int]bool{4: false, 6: true} {
		c := metrics.NewConfusion([]string{"a", "b"})
		for i := range 10 {
			c.Add(0, min(1, i/share))
		}
		svg, err := confusionMatrix(c).SVG()
		if err != nil {
			t.Fatal(err)
		}
		text := regexp.MustCompile(`style="[^"]*"[^>]*>` + strconv.Itoa(10*share) + ` %</text>`).Find(svg)
		if text == nil || bytes.Contains(text, []byte("fill:#FFFFFF")) != white {
			t.Errorf("%d %%: got %s, want it white: %v", 10*share, text, white)
		}
	}
}
