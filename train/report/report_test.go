package report

import (
	"bytes"
	"encoding/csv"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// sample is a run of a network with auxiliary heads, whose labels need escaping.
func sample(t testing.TB, network string, epochs int) *Run {
	t.Helper()
	preset, err := arch.Find(network)
	if err != nil {
		t.Fatal(err)
	}
	labels := []string{"daisy", "dandelion", "<b>rose & co</b>", "sunflower", "tulip"}
	spec, err := preset.Build(preset.Size, len(labels))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	o := &train.Outcome{TrainSize: 800}
	for _, head := range spec.Outputs[1:] {
		o.Heads = append(o.Heads, head.Name)
	}
	for i := range epochs {
		x := float64(i) / float64(max(epochs, 2))
		e := train.Epoch{Epoch: i + 1, LearningRate: 1e-3, Loss: 1.6 - 1.2*x, Accuracy: 0.25 + 0.7*x,
			ValLoss: 1.5 - 0.8*x + 0.3*rng.Float64(), ValAccuracy: 0.2 + 0.5*x + 0.1*rng.Float64(), Seconds: 3}
		for range spec.Outputs[1:] {
			e.Heads, e.ValHeads = append(e.Heads, 0.3+0.4*x), append(e.ValHeads, 0.25+0.4*x)
		}
		o.History = append(o.History, e)
	}
	o.Best = o.History[epochs*3/4]
	for i := range 300 {
		p := train.Prediction{Index: i, Class: rng.IntN(len(labels)), Probabilities: make([]float32, len(labels))}
		for j := range p.Probabilities {
			p.Probabilities[j] = rng.Float32()
		}
		if rng.Float64() < 0.7 {
			p.Probabilities[p.Class] = 2
		}
		o.Validation.Predictions = append(o.Validation.Predictions, p)
	}
	return &Run{Title: "runs/" + network, Spec: spec, Labels: labels, Outcome: o, Size: 8,
		Training: checkpoint.Training{Split: "stratified 80/20", Images: 800, Validation: 300},
		Settings: `{"arch": "` + network + `"}`,
		Image:    func(int) ([]uint8, error) { return make([]uint8, 8*8*3), nil },
		Path:     func(i int) string { return "tulip/<img>.jpg" },
	}
}

func TestReportHasAllItsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, sample(t, "v6-googlenet", 40)); err != nil {
		t.Fatal(err)
	}
	var names []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := Files()
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("got files %v, want %v", names, want)
	}
	for _, name := range want {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".png") {
			if img, err := png.Decode(bytes.NewReader(data)); err != nil || img.Bounds().Dx() < 600 {
				t.Errorf("%s: %v, %v, want a picture at least 600 pixels wide", name, img.Bounds(), err)
			}
		}
	}
}

func TestPageStandsAlone(t *testing.T) {
	var buf bytes.Buffer
	r := sample(t, "tiny", 12)
	pictures, err := r.pictures()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.html(&buf, pictures); err != nil {
		t.Fatal(err)
	}
	html := buf.String()
	for _, want := range []string{"95 % interval", "Always answering", "true class", "data:image/jpeg;base64,", "stratified 80/20"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(html, "Training loss counts") {
		t.Error("the page says that the losses do not compare")
	}
	r.TrainOnly = []string{"class weights", "augmented images"}
	var weighted bytes.Buffer
	if err := r.html(&weighted, pictures); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(weighted.String(), "Training loss counts class weights, augmented images; validation loss does") {
		t.Error("the page does not say what is in the training loss only")
	}
	if strings.Contains(html, "<b>rose") || strings.Contains(html, "<img>.jpg") {
		t.Error("a label or file name is not escaped")
	}
	if m := regexp.MustCompile(`(src|href|url)\s*[=(]\s*["']?(https?:|//)[^"')]*`).FindString(html); m != "" {
		t.Errorf("the page fetches %s", m)
	}
	if strings.Count(html, "<svg") != 8 || strings.Contains(html, "<?xml") {
		t.Errorf("got %d pictures, want 8, without XML headers", strings.Count(html, "<svg"))
	}
}

// oneMistake is where the picture has the only count, from the lower left.
func oneMistake(t *testing.T, class, answer int) (svg string, x, y float64) {
	t.Helper()
	c := metrics.NewConfusion([]string{"rose", "tulip"})
	c.Add(class, answer)
	text, err := confusionMatrix(c).SVG()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`<text x="([0-9.]+)" y="-([0-9.]+)"[^>]*>\s*100 %`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no cell of 100 %% in %s", text)
	}
	x, _ = strconv.ParseFloat(string(m[1]), 64) // the pattern lets only numbers through
	y, _ = strconv.ParseFloat(string(m[2]), 64)
	return string(text), x, y
}

func TestConfusionMatrixSaysWhereTheTrueClassIs(t *testing.T) {
	svg, x, y := oneMistake(t, 0, 1)
	if !strings.Contains(svg, "rows: the true class, columns: the answer") {
		t.Error("the picture does not say what its rows are")
	}
	// A rose taken for a tulip is in the upper row, right; the reverse below, left.
	if _, left, below := oneMistake(t, 1, 0); !(x > left && y > below) {
		t.Errorf("a rose taken for a tulip is at %g, %g, the reverse at %g, %g", x, y, left, below)
	}
	c := metrics.NewConfusion([]string{"rose", "tulip"})
	c.Add(0, 1)
	var table bytes.Buffer
	if err := confusionTable(c).WriteCSV(&table); err != nil {
		t.Fatal(err)
	}
	if want := "true class \\ predicted,rose,tulip\nrose,0,1\ntulip,0,0\n"; table.String() != want {
		t.Errorf("got table %q, want %q", table.String(), want)
	}
}

func TestWorstMistakesAreTheSurest(t *testing.T) {
	r := sample(t, "tiny", 3)
	worst, err := r.worst(12)
	if err != nil || len(worst) != 12 {
		t.Fatalf("got %d mistakes, %v, want 12", len(worst), err)
	}
	for i, m := range worst {
		if m.Class == m.Predicted || i > 0 && m.Probability > worst[i-1].Probability {
			t.Errorf("number %d is %s answered as %s with %g", i, m.Class, m.Predicted, m.Probability)
		}
	}
}

func TestClassificationTable(t *testing.T) {
	c := metrics.NewConfusion([]string{"a", "b"})
	c.Add(0, 0)
	c.Add(1, 0)
	var buf bytes.Buffer
	if err := scores(c.Report(), 6).WriteCSV(&buf); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&buf).ReadAll()
	if err != nil || len(rows) != 5 || rows[1][1] != "0.500000" || rows[3][0] != "macro avg" {
		t.Errorf("got %v, %v", rows, err)
	}
}

func TestEveryNetworkCanBeDrawn(t *testing.T) {
	for _, p := range arch.All() {
		spec, err := p.Build(p.Size, 5)
		if err != nil {
			t.Fatal(err)
		}
		p, err := network(&spec)
		if err != nil {
			t.Fatalf("%s: %v", spec.Name, err)
		}
		svg, err := p.SVG()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range spec.Nodes {
			short := n.Name[strings.LastIndex(n.Name, "_")+1:]
			if !bytes.Contains(svg, []byte(n.Name)) && !bytes.Contains(svg, []byte(" "+short)) {
				t.Errorf("%s: node %s is not in the drawing", spec.Name, n.Name)
			}
		}
	}
}

func TestOneEpochHasCurves(t *testing.T) {
	pictures, err := sample(t, "tiny", 1).pictures()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		if err := p.PNG(io.Discard); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}
