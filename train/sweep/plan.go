package sweep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// version of plan.json.
const version = 1

// Plan is the trials of a sweep. It is plan.json in the sweep's folder, and is never changed
// there: what became of the trials is in theirs.
type Plan struct {
	Version int    `json:"version"`
	File    string `json:"file"` // that it was made of
	Method  Method `json:"method"`
	// Figure is that by which settings are compared.
	Figure  Figure   `json:"figure"`
	Tried   []string `json:"tried"` // keys of the settings that are tried
	Points  int      `json:"points"`
	Halving *Halving `json:"halving,omitempty"`
	Trials  []Trial  `json:"trials"`
	// Data are the images; none where flowers are drawn.
	Data   []Data `json:"data"`
	SHA256 string `json:"sha256"` // of the plan without it
}

// Trial is a training of a sweep.
type Trial struct {
	Number int `json:"trial"` // from 1
	// Point numbers the settings that are tried, from 1: the trials of a point differ in
	// nothing but seed and fold.
	Point    int               `json:"point"`
	Tried    map[string]string `json:"tried"` // by keys of config.json
	Settings run.Settings      `json:"settings"`
}

// Data are images that trials are on.
type Data struct {
	source
	SHA256 string `json:"sha256"` // of the images and their classes
}

// source is what images are read by, but for their size.
type source struct {
	Dir        string `json:"data"`
	LabelsFile string `json:"labels_file,omitempty"`
	MultiLabel bool   `json:"multi_label,omitempty"`
	Exclude    string `json:"exclude,omitempty"`
	Strict     bool   `json:"strict,omitempty"`
}

func sourceOf(s *run.Settings) source {
	return source{s.Data, s.LabelsFile, s.MultiLabel, s.Exclude, s.Strict}
}

// plan is the plan of a file, without the images. Settings that no training can have are a
// [*FileError] that names all of them.
func (f *File) plan(ctx context.Context, o *Options, b *bases) (*Plan, error) {
	points, err := f.points()
	if err != nil {
		return nil, &FileError{Path: f.Path, Err: err}
	}
	p := &Plan{Version: version, File: filepath.Base(f.Path), Method: f.Method, Halving: f.Halving,
		Points: len(points), Tried: f.tried(), Trials: []Trial{}, Data: []Data{}}
	var bad []string
	for i, point := range points {
		settings, err := f.settings(ctx, point, o, b)
		if err == nil {
			_, err = settings.Resolve()
		}
		var setting *run.SettingError
		switch {
		case errors.As(err, &setting):
			bad = append(bad, fmt.Sprintf("%s: %s: %v", words(point), strings.Join(setting.Fields, ", "),
				setting.Err))
			continue
		case err != nil:
			return nil, err
		}
		if err := p.add(f, i+1, point, settings); err != nil {
			return nil, err
		}
	}
	if len(bad) > 0 {
		return nil, &FileError{Path: f.Path, Err: refused(bad, len(points))}
	}
	p.Figure = figureOf(p.Trials)
	return p, nil
}

// refused is the error of settings that cannot be, which names a few.
func refused(bad []string, of int) error {
	const few = 3
	text := strings.Join(bad[:min(few, len(bad))], "; ")
	if more := len(bad) - few; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Errorf("%d of %s cannot be: %s", len(bad), table.Count(of, "setting"), text)
}

// add appends the trials of a point.
func (p *Plan) add(f *File, number int, point []value, settings run.Settings) error {
	tried := map[string]string{}
	for _, v := range point {
		tried[v.field.Key] = v.text()
	}
	seeds := f.Seeds
	if len(seeds) == 0 {
		seeds = []uint64{settings.Seed}
	}
	for _, seed := range seeds {
		for fold := min(1, f.Folds); fold <= f.Folds; fold++ {
			s := settings
			s.Seed, s.Folds, s.Fold = seed, f.Folds, fold
			resolved, err := s.Resolve()
			if err != nil {
				return &FileError{Path: f.Path, Err: err}
			}
			p.Trials = append(p.Trials, Trial{len(p.Trials) + 1, number, tried, resolved})
		}
	}
	if len(p.Trials) > maxTrials {
		return &FileError{Path: f.Path, Err: fmt.Errorf("more than %d trials", maxTrials)}
	}
	return nil
}

// settings are those of a point: what `flowerctl train` takes with the same flags.
func (f *File) settings(ctx context.Context, point []value, o *Options, b *bases) (
	run.Settings, error) {
	s, chosen := run.Defaults(), map[string]bool{}
	for _, v := range slices.Concat(f.base, point) {
		v.field.Copy(&s, v.s)
		chosen[v.field.Name] = true
	}
	if f.Halving != nil {
		s.Epochs, chosen["epochs"] = f.Halving.last(), true
	}
	given := func(field string) bool { return chosen[field] }
	photographs := given("data") || given("labels-file")
	if photographs && !given("from") && !given("arch") && !given("init") && o.AtHand != nil {
		var err error
		if s.From, err = b.atHand(o); err != nil {
			return s, err
		}
	}
	to := s.Recipe(given)
	to.Take(&s, given)
	return b.complete(ctx, o, to, given)
}

// sumOf is the hash of the text of a plan, without the hash that is in it.
func sumOf(text []byte, inside string) string {
	const key = `"sha256": "`
	if at := bytes.LastIndex(text, []byte(key+inside)); at >= 0 {
		from := at + len(key)
		text = slices.Concat(text[:from], text[from+len(inside):])
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// create writes the plan into a folder, unless there is one.
func (p *Plan) create(dir string) error {
	p.SHA256 = ""
	text, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		p.SHA256 = sumOf(text, "")
		text, err = json.MarshalIndent(p, "", "  ")
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return err
	}
	return atomicfile.Create(filepath.Join(dir, run.PlanFile), text)
}

// ReadPlan reads the plan of a sweep's folder. The error is [fs.ErrNotExist] where there is
// none, and a [*permanent.Error] where it is damaged.
func ReadPlan(dir string) (*Plan, error) {
	path := filepath.Join(dir, run.PlanFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := new(Plan)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(p); err != nil {
		return nil, permanent.Errorf(otherFolder, "%s: damaged, or of another version: %w", path, err)
	}
	if p.Version != version {
		return nil, permanent.Errorf(otherFolder, "%s: got version %d, want %d", path, p.Version, version)
	}
	if len(p.Trials) == 0 || sumOf(text, p.SHA256) != p.SHA256 {
		return nil, permanent.Errorf(otherFolder, "%s: changed since it was written", path)
	}
	return p, nil
}
