package card

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// flowers is the card of the built-in model's bytes, under the name of a file.
func flowers(t *testing.T) *Card {
	t.Helper()
	m, err := onnx.Decode(infer.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Of("m.onnx", infer.Builtin(), m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheBuiltinModelHasACard(t *testing.T) {
	c, err := OfBuiltin(infer.Builtin(), infer.BuiltinReport())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"3312 photographs of the public flower set of five classes", "166 for validation",
		"93.4 % (95 % interval 88.5 to 96.3) of 166 validation images",
		"Apache-2.0, Google; conversion (c) 2020 ML Illustrated", "not part of the project",
		"accuracy of this file", "figures but for the accuracy of this file are of the network in fp32",
		"the same answer for 165 of 166 images",
		"limit", c.SHA256,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	if err := c.AddReport([]byte(`{"ok": true, "sha256": "00", "engines": [{}]}`)); err == nil {
		t.Error("the report of another file is taken")
	}
}

// outcome is a run's metrics.json that belongs to the built-in model's bytes.
func outcome(c *Card) *train.Summary {
	test, interval := 0.9, [2]float64{0.8, 0.95}
	confusion := metrics.NewConfusion(c.Labels)
	for _, cell := range []struct{ class, predicted, n int }{{0, 0, 30}, {0, 1, 10}, {1, 1, 40}} {
		for range cell.n {
			confusion.Add(cell.class, cell.predicted)
		}
	}
	return &train.Summary{BestEpoch: c.Training.Epoch, ValAccuracy: c.Training.Metrics["val_accuracy"],
		ValInterval: [2]float64{0.9, 0.97}, ValImages: 80, TestImages: 50, TestAccuracy: &test,
		TestInterval: &interval, Confusion: confusion, Calibration: &metrics.Calibration{Temperature: 1.5,
			Before: metrics.Reliability{ECE: 0.08}, After: metrics.Reliability{ECE: 0.01}}}
}

func TestFiguresOfARunHaveIntervals(t *testing.T) {
	c := flowers(t)
	c.Temperature = 1.5
	c.AddRun(outcome(c), "photos")
	// recall of 30 of 40: Wilson's interval, by hand
	want := []Figure{
		{"accuracy", "50 test images", 0.9, &[2]float64{0.8, 0.95}},
		{"accuracy", "80 validation images", c.Training.Metrics["val_accuracy"], &[2]float64{0.9, 0.97}},
		{"recall", "40 validation images of daisy", 0.75, c.Figures[2].Interval},
		{"recall", "40 validation images of dandelion", 1, c.Figures[3].Interval},
		{"expected calibration error before the temperature", "80 validation images", 0.08, nil},
		{"expected calibration error", "80 validation images", 0.01, nil},
	}
	if !reflect.DeepEqual(c.Figures, want) {
		t.Errorf("got %+v, want %+v", c.Figures, want)
	}
	if i := c.Figures[2].Interval; i == nil || i[0] < 0.597 || i[0] > 0.599 || i[1] < 0.857 || i[1] > 0.859 {
		t.Errorf("recall of 30 of 40: got %v, want 0.598 to 0.858", i)
	}
	if limits := strings.Join(c.Limits, "\n"); strings.Contains(limits, "not calibrated") ||
		!strings.Contains(limits, "test images chose nothing") {
		t.Errorf("limits: %s", limits)
	}
}

func TestFiguresOfOtherWeightsAreLeftOut(t *testing.T) {
	c := flowers(t)
	before := c.Figures
	s := outcome(c)
	s.BestEpoch++
	c.AddRun(s, "photos")
	if !reflect.DeepEqual(c.Figures, before) || len(before) != 1 {
		t.Errorf("got %+v, want those of the file, %+v", c.Figures, before)
	}
}

func TestACardIsReadBack(t *testing.T) {
	c := flowers(t)
	c.AddRun(outcome(c), "photos\x1b[2J")
	path := filepath.Join(t.TempDir(), c.Name)
	if err := atomicfile.WriteAll(c.Files(path)...); err != nil {
		t.Fatal(err)
	}
	markdown, err := os.ReadFile(MarkdownPath(path))
	if err != nil || !bytes.Contains(markdown, []byte("# Model card of m.onnx")) ||
		!bytes.Contains(markdown, []byte("## Limits")) {
		t.Errorf("the card is %q, %v", markdown, err)
	}
	again := flowers(t)
	if err := again.AddBeside(infer.Beside(path)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Figures, c.Figures) || !reflect.DeepEqual(again.Limits, c.Limits) {
		t.Errorf("got %+v, want %+v", again, c)
	}
	if again.Data.Source != `photos\x1b[2J` {
		t.Errorf("got %q, want no control characters", again.Data.Source)
	}
	again.SHA256 = "00"
	if err := again.AddBeside(infer.Beside(path)); err == nil ||
		!strings.Contains(err.Error(), "m.onnx.cdx.json: the card of another file") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(CycloneDXPath(path), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := again.AddBeside(infer.Beside(path)); err == nil {
		t.Error("what is no JSON is a card")
	}
}

// TestCycloneDX holds the fields that the schema of CycloneDX 1.6 requires or limits.
func TestCycloneDX(t *testing.T) {
	c := flowers(t)
	text, err := json.Marshal(c.cycloneDX())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"bomFormat":"CycloneDX","specVersion":"1.6","version":1`,
		`"type":"machine-learning-model","name":"m.onnx","hashes":[{"alg":"SHA-256","content":"` + c.SHA256,
		`"licenses":[{"license":{"id":"Apache-2.0"}}]`, `"approach":{"type":"supervised"}`,
		`"datasets":[{"type":"dataset"`, `"confidenceInterval":{"lowerBound":"0.88`,
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	c.License = "as the photographs"
	if got := c.cycloneDX().Components[0].Licenses[0].License; got.ID != "" || got.Name != c.License {
		t.Errorf("got licence %+v", got)
	}
}

func TestWhatIsNoShareIsRefused(t *testing.T) {
	for _, text := range []string{"NaN", "1.5", "-1", "many", ""} {
		if _, err := (metric{Value: text}).figure(); err == nil {
			t.Errorf("%q is a figure", text)
		}
		if _, err := (metric{Value: "1", Interval: &interval{"0.5", text}}).figure(); err == nil {
			t.Errorf("%q is the end of an interval", text)
		}
	}
}

func TestAFileFromElsewhereHasNoCard(t *testing.T) {
	if _, err := Of("m.onnx", nil, new(onnx.Model)); !errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
}
