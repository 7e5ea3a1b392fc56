package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/start"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

// plan reads flags and files of settings, and finds the run's folder.
func (o *trainOptions) plan(c *shell.Call) (settings run.Settings, ro run.Options, err error) {
	ro.Version, ro.Frozen = version, start.Frozen(c, o.device)
	if err := cmp.Or(o.check(c), o.caches.Put(c, &ro)); err != nil {
		return settings, ro, err
	}
	switch {
	case o.resume != "":
		f, err := run.Find(o.resume)
		if err == nil {
			ro.Dir = f.Dir
			settings, err = f.Settings()
		}
		if err == nil && !settings.Divided() {
			ro.Resume, err = f.Resume()
		}
		if err != nil {
			return settings, ro, remedy.Resume(err)
		}
	case o.config != "":
		if settings, err = run.ReadSettings(o.config); err != nil {
			return settings, ro, err
		}
	default:
		if settings, err = o.defaults(c); err != nil {
			return settings, ro, err
		}
	}
	o.settings.Over(&settings, c)
	if o.split != "" {
		if settings.Val, settings.Test, err = data.ParseShares(o.split); err != nil {
			return settings, ro, shell.Usagef("--split: %w", err)
		}
	}
	if settings.FromBase() && ro.Resume == nil {
		if ro.Base, err = start.Open(c, "--from", &settings, o.device); err != nil {
			return settings, ro, err
		}
		settings.Size = ro.Base.Size
	}
	if settings, err = settings.Resolve(); err != nil {
		return settings, ro, err
	}
	if ro.Dir == "" {
		ro.Dir, err = o.newDir(settings.Name())
	}
	return settings, ro, cmp.Or(err, settings.CheckOut(o.writes(ro.Dir)))
}

// defaults are those of a training from nothing, or from a network that exists: the
// one that --from names, or the one at hand where the user has pictures and says
// nothing of a network.
func (o *trainOptions) defaults(c *shell.Call) (run.Settings, error) {
	v := o.settings.Values
	if !c.Given("from") && c.FirstGiven("data", "labels-file") != "" && c.FirstGiven("arch", "init") == "" {
		var err error
		if v.From, err = start.AtHand(c); err != nil {
			return run.Settings{}, err
		}
	}
	return v.Recipe(c.Given), nil
}

// check refuses flags of which one would be ignored, before any image is read.
func (o *trainOptions) check(c *shell.Call) error {
	var instead []string // of training
	for _, one := range []struct {
		name string
		set  bool
	}{{"--dry-run", o.dryRun}, {"--augment-preview", o.preview != ""}, {"--lr-find", o.lrFind}, {"--learning-curve", o.curve.Wanted()}} {
		if one.set {
			instead = append(instead, one.name)
		}
	}
	switch {
	case len(instead) > 1:
		return shell.Usagef("%s: want one of them at a time", strings.Join(instead, " and "))
	case o.resume != "" && o.lrFind:
		return shell.Usagef("--lr-find: takes no --resume: rates are tried with weights at their "+
			"start; with --config RUN/%s, and --init for other weights", train.ConfigFile)
	case o.resume != "" && o.force && o.preview == "":
		return shell.Usagef("--resume: takes no --force: a run that goes on writes over nothing")
	case o.split != "" && c.FirstGiven("val", "test", "resume") != "":
		return shell.Usagef("--split and --%s: want one of them", c.FirstGiven("val", "test", "resume"))
	case o.resume != "" && (o.config != "" || c.Given("out")):
		return shell.Usagef("--resume: takes no --config and no --out: a run goes on with its own " +
			"settings, where it is")
	}
	name := c.FirstGiven("arch", "init")
	if name != "" && c.Given("from") && o.settings.Values.From != run.FromNothing {
		return shell.Usagef("--from and --%s: want one of them", name)
	}
	if o.preview != "" {
		if err := previewable(o.preview, o.force); err != nil {
			return err
		}
	}
	if o.resume != "" {
		return cmp.Or(o.settings.OnlyResumable(c), o.curve.Check(c))
	}
	return o.curve.Check(c)
}

// newDir is the folder for a new run, which must not hold one unless forced.
func (o *trainOptions) newDir(network string) (string, error) {
	if o.out == "" {
		f, err := run.Unused(network)
		return f.Dir, err
	}
	f := run.Folder{Dir: filepath.Clean(o.out)}
	err := f.Free()
	switch {
	case errors.Is(err, run.ErrHoldsRun) && o.force:
		return f.Dir, nil
	case errors.Is(err, run.ErrHoldsRun):
		return "", shell.Fail(fmt.Errorf("--out: %w", err),
			"--force writes over it, --resume goes on with it")
	case errors.Is(err, run.ErrIsFile):
		return "", shell.Usagef("--out: %w", err)
	}
	return f.Dir, err
}
