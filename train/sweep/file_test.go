package sweep

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/run"
)

// parsed reads the text of a file.
func parsed(t *testing.T, text string) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// points are what a file tries, each in words.
func points(t *testing.T, text string) (list []string) {
	t.Helper()
	all, err := parsed(t, text).points()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		list = append(list, words(p))
	}
	return list
}

func TestAGridHasEveryCombination(t *testing.T) {
	got := points(t, "method: grid\nsettings:\n  lr: [0.1, 1e-3]\n  arch: [tiny, v7-base]\n  nesterov: [true]\n")
	want := "lr 0.1, arch tiny, nesterov true|lr 0.1, arch v7-base, nesterov true|" +
		"lr 0.001, arch tiny, nesterov true|lr 0.001, arch v7-base, nesterov true"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAListIsTakenAsItIs(t *testing.T) {
	got := points(t, "method: list\nsettings:\n- {lr: 0.1, augment: 'flip,rotate=15'}\n- &a {aux-weight: [0.3, 0.5]}\n- *a\n- {batch: auto}\n")
	want := `lr 0.1, augment "flip,rotate=15"|aux_weight "0.3,0.5"|aux_weight "0.3,0.5"|batch auto`
	if strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Values that are drawn lie in their ranges, are different, and are the same each time; more
// of them begin with the same.
func TestDrawnSettingsAreOfTheirRanges(t *testing.T) {
	const text = "method: random\ntrials: %\nseed: 3\nsettings:\n  lr: {min: 1e-4, max: 0.1, log: true}\n" +
		"  batch: {min: 3, max: 5}\n  optimizer: [adam, sgd]\n  ema: {min: 0.5, max: 0.9}\n"
	few, many := strings.Replace(text, "%", "20", 1), strings.Replace(text, "%", "300", 1)
	all, err := parsed(t, many).points()
	if err != nil {
		t.Fatal(err)
	}
	small, batches, seen := 0, map[int]int{}, map[string]bool{}
	for _, p := range all {
		var s run.Settings
		for _, v := range p {
			v.field.Copy(&s, v.s)
		}
		if s.LR < 1e-4 || s.LR > 0.1 || s.EMA < 0.5 || s.EMA > 0.9 || s.Batch < 3 || s.Batch > 5 {
			t.Errorf("out of range: %s", words(p))
		}
		if s.LR < 1e-2 {
			small++
		}
		batches[s.Batch]++
		seen[words(p)] = true
	}
	if len(seen) != 300 || len(batches) != 3 || batches[3] < 50 || batches[5] < 50 {
		t.Errorf("got %d different ones, batches %v", len(seen), batches)
	}
	if small < 160 || small > 240 { // two of three decades
		t.Errorf("got %d of 300 rates in the lower two decades, want about 200", small)
	}
	if a, b := points(t, few), points(t, many)[:20]; strings.Join(a, "|") != strings.Join(b, "|") {
		t.Errorf("got %q, want %q", b, a)
	}
}

// What is wrong is said with its line and, where a name is near one that is known, with that.
func TestWrongFilesAreNamed(t *testing.T) {
	grid := func(settings string) string { return "method: grid\nsettings: {" + settings + "}\n" }
	for _, test := range []struct{ text, want, hint string }{
		{"", "empty", ""},
		{"a: [", "did not find expected", ""},
		{"method: grid\n", "no settings: which are tried", ""},
		{"settings: {lr: [1]}\n", "no method, want one of [grid random list]", ""},
		{"method: grib\nsettings: {lr: [1]}\n", `line 1: method: got "grib"`, ""},
		{"method: grid\nsetings: {lr: [1]}\n", `line 2: the file of a sweep has no "setings"`, "did you mean settings?"},
		{"method: grid\nmethod: grid\n", "line 2: method is there twice", ""},
		{"- 1\n", "line 1: the file: want KEY: VALUE lines", ""},
		{grid("learning_rate: [1]"), `line 2: a training has no "learning_rate"`, "did you mean lr?"},
		{grid("bacth: [1]"), `a training has no "bacth"`, "did you mean batch?"},
		{grid("zzzzzzzz: [1]"), `a training has no "zzzzzzzz"`, "known are data, labels_file, "},
		{grid("lr: 0.1"), "lr: want a list of values here, as in [1, 2]; base has fixed ones", ""},
		{grid("lr: []"), "lr: want a value or more", ""},
		{grid("lr: [1, 1.0]"), "lr: 1 is there twice", ""},
		{grid("lr: [high]"), `lr: got "high", want a number`, ""},
		{grid("batch: [large]"), `batch: got "large", want a whole number, or auto`, ""},
		{grid("epochs: [auto]"), `epochs: got "auto", want a whole number`, ""},
		{grid("batch: [1.5]"), `batch: got "1.5", want a whole number`, ""},
		{grid("seed: [1, 2]"), "seed: seeds has them, as a key of the file", ""},
		{grid("folds: [5]"), "folds is a key of the file, not one of the settings", ""},
		{grid("lr: {min: 1, max: 2}"), "a grid wants a list of values; method random takes ranges", ""},
		{grid(""), "settings: none is named", ""},
		{"base: {lr: 1}\n" + grid("lr: [1, 2]"), "lr is in base and in settings", ""},
		{"base: {lr: [1]}\n" + grid("batch: [1, 2]"), "lr: want one value here", ""},
		{"trials: 3\n" + grid("lr: [1]"), "trials: method grid has as many as there are settings", ""},
		{"base: {seed: 1}\nseeds: [1]\n" + grid("lr: [1]"), "seed and seeds: want one of them", ""},
		{"seeds: [1, 1]\n" + grid("lr: [1]"), "seeds: 1 is there twice", ""},
		{"seeds: [-1]\n" + grid("lr: [1]"), "seeds: got", ""},
		{"folds: 1\n" + grid("lr: [1]"), "folds: got 1, want 2 or more", ""},
		{"folds: 3\nbase: {test: 0.1}\n" + grid("lr: [1]"), "folds and test: want one of them", ""},
		{"halving: {epochs: [2]}\n" + grid("lr: [1]"), "want two numbers or more that rise", ""},
		{"halving: {epochs: [2, 2]}\n" + grid("lr: [1]"), "want two numbers or more that rise", ""},
		{"halving: {epochs: [2, 4], keep: 1}\n" + grid("lr: [1]"), "keep: got 1, want a share", ""},
		{"halving: {epoch: [2, 4]}\n" + grid("lr: [1]"), `halving has no "epoch"`, "did you mean epochs?"},
		{"halving: {epochs: [2, 4]}\nbase: {epochs: 4}\n" + grid("lr: [1]"), "epochs and halving", ""},
		{"method: random\nsettings: {lr: [1]}\n", "method random wants trials", ""},
		{"method: random\ntrials: 3\nsettings: {lr: {min: 2, max: 1}}\n", "got 2 to 1, want min below max", ""},
		{"method: random\ntrials: 3\nsettings: {lr: {min: 2}}\n", "a range wants min and max", ""},
		{"method: random\ntrials: 3\nsettings: {lr: {min: 0, max: 1, log: true}}\n", "want one over 0 for log", ""},
		{"method: random\ntrials: 3\nsettings: {arch: {min: 0, max: 1}}\n", "arch: is no number", ""},
		{"method: random\ntrials: 3\nsettings: {batch: {min: 0.5, max: 1}}\n", "want whole numbers", ""},
		{"method: random\ntrials: 3\nsettings: {lr: {min: 0, max: .inf}}\n", "want min below max", ""},
		{"method: list\nsettings: {lr: [1]}\n", "method list wants a list of them", ""},
	} {
		path := filepath.Join(t.TempDir(), "s.yaml")
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadFile(path)
		var at *FileError
		if !errors.As(err, &at) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
			continue
		}
		if (at.Remedy == "") != (test.hint == "") || !strings.HasPrefix(at.Remedy, test.hint) {
			t.Errorf("%q: got hint %q, want %q", test.text, at.Remedy, test.hint)
		}
	}
}

// Settings are those of `flowerctl train` with the same flags, and what no training can have
// is found before there is a folder.
func TestThePlanHasTheSettingsOfTrain(t *testing.T) {
	f := parsed(t, "method: grid\nbase: {patience: 3, size: 72, drawn_images: 50}\nseeds: [4, 5]\n"+
		"settings: {arch: [resnet12d, tiny]}\n")
	p, err := f.plan(t.Context(), &Options{}, new(bases))
	if err != nil {
		t.Fatal(err)
	}
	want := run.ArchDefaults("resnet12d", 72, 0)
	want.Patience, want.PatienceSteps, want.Seed, want.Drawn = 3, 0, 5, 50
	if want, err = want.Resolve(); err != nil {
		t.Fatal(err)
	}
	if d := run.Differences(&p.Trials[1].Settings, &want); len(p.Trials) != 4 || len(d) > 0 {
		t.Errorf("got %d trials, the second with %v", len(p.Trials), d)
	}
	if got := p.Trials[2].String(); got != "arch tiny" {
		t.Errorf("got %q", got)
	}
	dir := filepath.Join(t.TempDir(), "out")
	f = parsed(t, "method: grid\nsettings: {arch: [tiny, tinny], lr: [0.1, -1]}\n")
	_, err = Open(t.Context(), f, Options{Dir: dir})
	const bad = `3 of 4 settings cannot be: arch tiny, lr -1: lr: got -1, want a rate over 0; arch tinny, lr 0.1: arch: `
	if err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("got %v, want %q", err, bad)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("there is a folder")
	}
}

// A network to start from is opened once, and says the size of the images.
func TestANetworkIsOpenedOnce(t *testing.T) {
	opened := 0
	o := Options{Base: func(_ context.Context, s *run.Settings, given func(string) bool) (*run.Base, error) {
		opened++
		if s.From != "mine" || !given("data") || given("lr") {
			t.Errorf("got %q", s.From)
		}
		return &run.Base{Name: s.From, Size: 40}, nil
	}, AtHand: func() (string, error) { return "mine", nil }}
	f := parsed(t, "method: grid\nbase: {data: photos}\nsettings: {ema: [0.5, 0.9]}\n")
	p, err := f.plan(t.Context(), &o, new(bases))
	if err != nil {
		t.Fatal(err)
	}
	want := run.TransferDefaults("mine")
	want.Data, want.Size, want.EMA = "photos", 40, 0.9
	if want, err = want.Resolve(); err != nil {
		t.Fatal(err)
	}
	if d := run.Differences(&p.Trials[1].Settings, &want); opened != 1 || len(d) > 0 {
		t.Errorf("opened %d times, got %v", opened, d)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("method: grid\nbase: {epochs: 2}\nsettings: {lr: [0.1, 1e-3]}\nseeds: [1, 2]\nfolds: 3\n"))
	f.Add([]byte("method: random\ntrials: 3\nsettings: {lr: {min: 1, max: 2, log: true}}\nhalving: {epochs: [1, 2]}\n"))
	f.Add([]byte("method: list\nsettings: [&a {lr: 0.1}, *a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parse(text)
		if err != nil || file.Number > 100 {
			return
		}
		if points, err := file.points(); err == nil && len(points) == 0 {
			t.Error("no points, and no error")
		}
	})
}
