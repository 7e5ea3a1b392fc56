package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/picture"
)

// answered are answers for n images of each of so many classes; class 0 is told worst.
func answered(classes, n int) *Probabilities {
	rng := rand.New(rand.NewPCG(1, 2))
	p := &Probabilities{Answers: new(metrics.Answers)}
	for class := range classes {
		p.Labels = append(p.Labels, fmt.Sprintf("class %d", class))
		for range n {
			row, sum := make([]float32, classes), float32(0)
			for i := range row {
				row[i] = rng.Float32() / float32(classes)
			}
			told := class
			if class == 0 {
				told = rng.IntN(classes)
			}
			row[told] += 0.5
			for _, v := range row {
				sum += v
			}
			for i := range row {
				row[i] /= sum
			}
			p.Answers.Labels = append(p.Answers.Labels, class)
			p.Answers.Probabilities = append(p.Answers.Probabilities, row)
		}
	}
	return p
}

func svgOf(t *testing.T, p picture.Picture) string {
	t.Helper()
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	return string(svg)
}

// wordsIn are the texts of a picture.
func wordsIn(svg string) (words []string) {
	for _, m := range regexp.MustCompile(`>([^<>]+)</text>`).FindAllStringSubmatch(svg, -1) {
		words = append(words, m[1])
	}
	return words
}

// TestCurvesSayTheirAreas: those that metrics has, in the legends.
func TestCurvesSayTheirAreas(t *testing.T) {
	p := answered(3, 20)
	p.Calibration = p.Answers.Calibrate()
	drawn, err := p.pictures()
	if err != nil || len(drawn) != len(probabilityPictures) {
		t.Fatalf("got %d pictures, %v", len(drawn), err)
	}
	text := map[string]string{}
	for i, one := range drawn {
		if one.name != probabilityPictures[i] {
			t.Errorf("picture %d is %s, want %s", i, one.name, probabilityPictures[i])
		}
		text[one.name] = svgOf(t, one.Picture)
	}
	roc, pr := 0.0, 0.0
	for _, c := range p.Answers.Curves(p.Labels) {
		roc, pr = roc+c.ROCArea/3, pr+c.AveragePrecision/3
		for name, area := range map[string]float64{"roc": c.ROCArea, "precision-recall": c.AveragePrecision} {
			if want := fmt.Sprintf("%s %.3f<", c.Label, area); !strings.Contains(text[name], want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
	for name, want := range map[string]string{
		"roc": fmt.Sprintf("mean of the classes %.3f<", roc), "precision-recall": fmt.Sprintf("mean of the classes %.3f<", pr),
		"reliability": fmt.Sprintf("before, ECE %.3f<", p.Calibration.Before.ECE), "coverage": "all answers, ",
	} {
		if !strings.Contains(text[name], want) {
			t.Errorf("%s does not say %q", name, want)
		}
	}
	if want := fmt.Sprintf("ECE %.3f<", p.Calibration.After.ECE); !strings.Contains(text["reliability"], want) {
		t.Errorf("reliability does not say %q", want)
	}
}

// TestMeansOfCurvesHaveTheMeanArea: to what the steps of the axis leave.
func TestMeansOfCurvesHaveTheMeanArea(t *testing.T) {
	c := answered(4, 30).classCurves()
	area, average := 0.0, 0.0
	for i := range steps {
		area += (c.rocMean[i] + c.rocMean[i+1]) / 2 / steps
		average += c.prMean[i+1] / steps
	}
	if math.Abs(area-c.rocArea) > 0.01 || math.Abs(average-c.average) > 0.01 {
		t.Errorf("got areas %.4f and %.4f, want %.4f and %.4f", area, average, c.rocArea, c.average)
	}
}

func TestManyClassesAreFewCurves(t *testing.T) {
	p := answered(150, 4)
	drawn, err := p.pictures()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range drawn {
		if svg := svgOf(t, one.Picture); len(svg) > 1<<18 {
			t.Errorf("%s has %d bytes", one.name, len(svg))
		}
	}
	if svg := svgOf(t, drawn[1].Picture); !strings.Contains(svg, "the 6 worst classes, 144 left out") || !strings.Contains(svg, "class 0 0.") {
		t.Errorf("the picture does not say which classes it leaves out, or not the worst one: %q", wordsIn(svg))
	}
	var b bytes.Buffer
	if err := p.Tables()[curvesFile](&b); err != nil {
		t.Fatal(err)
	}
	if rows, err := csv.NewReader(&b).ReadAll(); err != nil || len(rows) < 150 || rows[1][0] != "class 0" {
		t.Errorf("got %d rows, %v", len(rows), err)
	}
}

// TestClassesWithoutImagesHaveNoCurve: nor do answers that are all of one class.
func TestClassesWithoutImagesHaveNoCurve(t *testing.T) {
	p := answered(3, 5)
	p.Answers.Labels, p.Answers.Probabilities = p.Answers.Labels[:5], p.Answers.Probabilities[:5]
	if _, err := p.pictures(); err != nil {
		t.Error(err)
	}
	if c := p.classCurves(); len(c.drawn) > 0 {
		t.Errorf("got %d curves of one class", len(c.drawn))
	}
}

func TestAnEvaluationIsAPageAndItsNumbers(t *testing.T) {
	dir := t.TempDir()
	p := answered(3, 20)
	if err := WriteEvaluation(filepath.Join(dir, "eval.html"), "a <b>.onnx", p.Labels, p.Answers); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"eval.reliability.csv", "eval.curves.csv", "eval.coverage.csv"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "eval.html"))
	if err != nil || strings.Count(string(page), "<svg") != 5 || !strings.Contains(string(page), "a &lt;b&gt;.onnx") {
		t.Errorf("got %d pictures, %v", strings.Count(string(page), "<svg"), err)
	}
}

func TestFoldsAndSizesAreDrawn(t *testing.T) {
	bars := []Bar{{0.9, [2]float64{0.8, 0.95}}, {0.95, [2]float64{0.9, 0.98}}}
	drawn, err := Folds("Test accuracy by fold", bars, 0.925)
	if err != nil || !strings.Contains(svgOf(t, drawn[0]), "mean, 92.5 %") {
		t.Errorf("folds: %v", err)
	}
	sizes := []Sizes{{5, []float64{0.6, 0.7}, 0.65, [2]float64{0.5, 0.8}}, {10, []float64{0.8}, 0.8, [2]float64{0.7, 0.9}}}
	for _, twice := range []int{0, 20} {
		p, err := LearningCurve(sizes, twice, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(svgOf(t, p), "expected of twice as many"); got != (twice > 0) {
			t.Errorf("twice %d: expected %t", twice, got)
		}
	}
}
