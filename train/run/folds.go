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
	if !s.plan.fromBase() || s.options.Resume != nil {
		return nil
	}
	all := make([]int, s.Images.Len())
	for i := range all {
		all[i] = i
	}
	return s.features.compute(ctx, s, all, s.Training.Len() <= mirrored)
}
