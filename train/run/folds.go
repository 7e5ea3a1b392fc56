package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train"
)

// Files of a cross-validation, beside config.json and report.html in the folder that
// holds those of its trainings.
const (
	FoldsFile  = "folds.json"
	FoldsTable = "folds.csv"
)

// Fold is the folder of the training of a fold, from 1, in that of a
// cross-validation.
func (f Folder) Fold(k int) Folder { return Folder{f.path(fmt.Sprintf("fold-%d", k))} }

// PlanFile is the plan of a sweep, in the folder that holds those of its trials.
const PlanFile = "plan.json"

// Trial is the folder of a trial, from 1, in that of a sweep.
func (f Folder) Trial(n int) Folder { return Folder{f.path(fmt.Sprintf("trial-%04d", n))} }

// Planned says whether the folder is that of a sweep.
func (f Folder) Planned() bool { return f.has(PlanFile) }

// Trials are the folders of the trials that were begun, in their order, of the folder of a
// sweep; there are none in others.
func (f Folder) Trials() (trials []Folder) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil || !f.Planned() {
		return nil
	}
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Name(), "trial-%d", &n); err != nil {
			continue
		}
		if t := f.Trial(n); t.Dir == f.path(e.Name()) && t.Exists() {
			trials = append(trials, t)
		}
	}
	return trials
}

// Divided says whether the settings are of a cross-validation: of several trainings.
func (s *Settings) Divided() bool { return s.Folds > 0 && s.Fold == 0 }

// BeginFolds makes the folder of a cross-validation with its settings, and removes
// the files of what was there before.
func (f Folder) BeginFolds(s Settings) error {
	if err := os.MkdirAll(f.Dir, 0o777); err != nil {
		return err
	}
	before, err := filepath.Glob(f.path(filepath.Join("fold-*", train.ConfigFile)))
	if err != nil {
		return err
	}
	for _, config := range before {
		if err := (Folder{filepath.Dir(config)}).remove(); err != nil {
			return err
		}
	}
	if err := f.remove(); err != nil {
		return err
	}
	if err := train.WriteJSON(f.ConfigPath(), s); err != nil {
		return err
	}
	return f.linkLatest()
}

// Precompute computes the features of all images in their order, of a session that
// starts from a network: trainings that share them are the same then, whichever
// comes first.
func (s *Session) Precompute(ctx context.Context) error {
	if !s.plan.FromBase() || s.options.Resume != nil {
		return nil
	}
	all := make([]int, s.Images.Len())
	for i := range all {
		all[i] = i
	}
	return s.features.compute(ctx, s, all, s.Training.Len() <= mirrored)
}
