package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/train/data"
)

// checkSplit looks at how images are divided.
func (p *plan) checkSplit() error {
	switch {
	case !(p.Val > 0 && p.Test >= 0 && p.Val+p.Test < 1):
		return &SettingError{[]string{"val", "test"}, fmt.Errorf(
			"got %g and %g, want shares over 0 (test: or 0) that sum to less than 1", p.Val, p.Test)}
	case p.Folds < 0 || p.Folds == 1:
		return wrong("folds", "got %d, want 2 or more, or 0 for none", p.Folds)
	case p.Fold < 0 || p.Fold > p.Folds:
		return wrong("fold", "got %d, want 1 to the number of folds, %d", p.Fold, p.Folds)
	case p.Folds > 0 && p.Test > 0:
		return &SettingError{[]string{"folds", "test"}, fmt.Errorf(
			"want one of them: each fold is the last test of a training")}
	case p.ClassesPer < 0:
		return wrong("classes-per", "got %d, want 1 or more, or 0 for all", p.ClassesPer)
	case p.LeftOut != "" && p.LeftOut != string(data.Val) && p.LeftOut != string(data.Test):
		return wrong("left-out", "got %q, want val or test", p.LeftOut)
	case p.LeftOut != "" && p.ClassesPer == 0:
		return wrong("left-out", "nothing is left out: no number of images a class is given")
	case p.LeftOut == string(data.Test) && p.Test+float64(p.Folds) > 0:
		return wrong("left-out", "got test, and images are kept for it already")
	}
	return nil
}

// SplitOptions say how the settings divide images.
func (s *Settings) SplitOptions() data.SplitOptions {
	return data.SplitOptions{Val: s.Val, Test: s.Test, Seed: s.Seed, Folds: s.Folds, Fold: s.Fold,
		PerClass: s.ClassesPer, LeftOut: data.Part(s.LeftOut)}
}

// Read reads the images of the settings and does not divide them: for
// [Options.Images] of several sessions.
func Read(ctx context.Context, settings Settings, o Options) (*data.Cache, error) {
	if o.Base != nil && settings.Size == 0 {
		settings.Size = o.Base.Size
	}
	p, err := settings.plan()
	if err != nil {
		return nil, err
	}
	return p.read(ctx, o, o.Scanned)
}

// read reads the images of a set, or those of the settings where it is nil.
func (p *plan) read(ctx context.Context, o Options, set *data.Set) (*data.Cache, error) {
	if p.Data == "" {
		return data.Drawn(ctx, p.Drawn, p.Size, p.Seed)
	}
	if set == nil {
		scan, err := p.scan()
		if err != nil {
			return nil, err
		}
		if set, err = p.list(ctx, scan); err != nil {
			return nil, err
		}
	}
	return data.Load(ctx, set, p.preprocess(), p.loading(o))
}

// loading is how files are read.
func (p *plan) loading(o Options) data.LoadOptions {
	load := data.LoadOptions{Strict: p.Strict, Pixels: o.Pixels, Disk: o.Disk}
	if o.Observer != nil {
		load.Progress = o.Observer.Reading
	}
	return load
}

// readLarger reads the training images again where their variations are cut from larger
// ones.
func (s *Session) readLarger(ctx context.Context) (err error) {
	if s.plan.CropFrom > 0 && s.plan.CropFrom != s.Images.Size() {
		s.larger, err = s.Images.Larger(ctx, data.Train, s.plan.CropFrom, s.plan.loading(s.options))
	}
	return err
}

// images reads and divides the images: as the run did that goes on, if there is one.
func (s *Session) images(ctx context.Context) (*data.Cache, error) {
	p, o := s.plan, s.options
	switch {
	case p.Folds > 0 && p.Fold == 0:
		return nil, wrong("fold", "got 0, want 1 to %d: a session trains one fold", p.Folds)
	case o.Resume != nil && o.Images == nil && p.Data != "":
		set := o.Resume.Split
		if err := set.In(ctx, p.Data); err != nil {
			return nil, err
		}
		return p.read(ctx, o, set)
	}
	var cache *data.Cache
	if o.Images != nil {
		cache = o.Images.Share()
	} else {
		var err error
		if cache, err = p.read(ctx, o, o.Scanned); err != nil {
			return nil, err
		}
	}
	switch {
	case o.Resume != nil:
		return cache, cache.Set.Apply(o.Resume.Split)
	case cache.Set.SplitBy != "":
		return cache, nil
	}
	options := p.SplitOptions()
	s.expected = cache.Set.Expected(options)
	return cache, cache.Set.Split(options)
}

// trainingImages is how many there are, about, the same for all seeds and folds: what is
// chosen by it is the same in runs that differ in these alone.
func (s *Session) trainingImages() int {
	return cmp.Or(s.expected, len(s.Images.Set.Indices(data.Train)))
}

// untaken says which shares count for nothing, as the folders say what is in a part.
func (s *Session) untaken() string {
	counts := func(part data.Part) bool { return len(s.Images.Set.Indices(part)) > 0 }
	if s.options.Resume != nil || s.Settings.Test == 0 || counts(data.Test) {
		return ""
	}
	return fmt.Sprintf("warning: no image is kept for a last test: the folders say which images are "+
		"in which part, and the share of %g for the test counts for nothing", s.Settings.Test)
}

// closeImages closes the images that the session read itself.
func (s *Session) closeImages() error {
	err := s.larger.Close()
	if s.options.Images == nil {
		err = errors.Join(err, s.Images.Close())
	}
	return err
}
