// Package folds cross-validates: it trains once for each fold of the images, tests
// each training on the fold that it did not see, and sums up. The trainings are runs
// like others, in folders fold-1 to fold-K of one folder; what is finished there is not
// done again. It imports nothing of export. Start at [Run].
package folds

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

// Observer hears how a cross-validation goes.
type Observer interface {
	run.Observer
	// Opened comes before the training of a fold, which goes on where again is set.
	Opened(fold int, s *run.Session, again bool) error
	// Done comes after it, or at once where it was finished before.
	Done(f *Fold, before bool)
}

// Run cross-validates by the settings, which must be [run.Settings.Divided]. o is what
// all trainings share; o.Dir is the folder. With again it goes on with what is there,
// which must be of the same settings and images. Each training chooses its weights
// by validation images of its own; the fold is its test part. o.Observer is not used.
func Run(ctx context.Context, settings run.Settings, o run.Options, again bool, watch Observer) (
	result *Result, err error) {
	folder := run.Folder{Dir: o.Dir}
	if watch != nil {
		o.Observer = watch
	}
	if again {
		if err := same(folder, &settings); err != nil {
			return nil, err
		}
	}
	if o.Images, err = run.Read(ctx, settings, o); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Images.Close()) }()
	if err := check(o.Images, settings); err != nil {
		return nil, err
	}
	if o.Lease == nil { // which is for the folders in it too
		if o.Lease, err = folder.Hold(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, o.Lease.Release()) }()
	}
	if !again {
		if err := folder.BeginFolds(settings); err != nil {
			return nil, err
		}
	}
	o.Features = new(run.Features)
	r := &Result{Run: o.Dir}
	for k := 1; k <= settings.Folds; k++ {
		f, before, err := one(ctx, settings, &o, k, watch)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", k, err)
		}
		if watch != nil {
			watch.Done(f, before)
		}
		r.Folds = append(r.Folds, f)
	}
	r.sum()
	return r, r.save(folder, settings)
}

// same refuses settings that are not those that the trainings were begun with.
func same(folder run.Folder, settings *run.Settings) error {
	was, err := folder.Settings()
	if err != nil {
		return err
	}
	for _, d := range run.Differences(&was, settings) {
		if d.Key != "data" && d.Key != "threads" {
			return &run.SettingError{Fields: []string{strings.ReplaceAll(d.Key, "_", "-")}, Err: fmt.Errorf(
				"%s was begun with %s, got %s", folder.Dir, d.A, d.B)}
		}
	}
	return nil
}

// check splits once, so that images which cannot be divided are refused before there
// is a folder.
func check(images *data.Cache, settings run.Settings) error {
	settings.Fold = 1
	return images.Share().Set.Split(settings.SplitOptions())
}

// one trains a fold, unless it is finished: before says that it was.
func one(ctx context.Context, settings run.Settings, o *run.Options, k int, watch Observer) (
	f *Fold, before bool, err error) {
	folder := run.Folder{Dir: o.Dir}.Fold(k)
	settings.Fold = k
	own := *o
	own.Dir = folder.Dir
	if o.TensorBoard != "" { // which shows a folder of folders as several runs
		own.TensorBoard = filepath.Join(o.TensorBoard, filepath.Base(folder.Dir))
	}
	if folder.Exists() {
		if before, err = goOn(folder, &own); err != nil {
			return nil, false, err
		}
	}
	if before {
		f, err = read(folder, k)
		return f, true, err
	}
	s, err := run.Open(ctx, settings, own)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if b := o.Base; b != nil && b.Check != nil { // it was compared now
		compared := *b
		compared.Check = nil
		o.Base = &compared
	}
	if err := s.Precompute(ctx); err != nil {
		return nil, false, err
	}
	if watch != nil {
		if err := watch.Opened(k, s, own.Resume != nil); err != nil {
			return nil, false, err
		}
	}
	if _, err := s.Train(ctx); err != nil {
		return nil, false, err
	}
	f, err = read(folder, k)
	return f, false, err
}

// goOn looks at a training that was begun: whether it is finished, and else what it
// goes on from. One that fits a head alone begins again.
func goOn(folder run.Folder, o *run.Options) (finished bool, err error) {
	record, err := folder.Record()
	if err != nil {
		return false, err
	}
	if record.Digest != "" {
		split, err := folder.Split()
		if err != nil {
			return false, err
		}
		if err := o.Images.Share().Set.Apply(split); err != nil {
			return false, fmt.Errorf("%s was trained on other images: %w", folder.Dir, err)
		}
	}
	if record.Summary != nil && folder.Reported() {
		return true, nil
	}
	if folder.Stepped() && record.Settings.Freeze != run.FreezeAll {
		o.Resume, err = folder.Resume()
	}
	return false, err
}
