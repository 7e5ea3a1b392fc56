package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/run"
)

const otherFolder = "another folder for this sweep, or remove that one"

// difference says in what the plan of a folder is not this one; "" where it is.
func (p *Plan) difference(there *Plan) string {
	differ := func(what string, got, want any) string {
		return fmt.Sprintf("%s: got %v, but the folder has %v", what, got, want)
	}
	halving := func(h *Halving) string {
		if h == nil {
			return "none"
		}
		return h.String()
	}
	switch {
	case len(p.Trials) != len(there.Trials):
		return differ("number of trials", len(p.Trials), len(there.Trials))
	case halving(p.Halving) != halving(there.Halving):
		return differ("halving", halving(p.Halving), halving(there.Halving))
	}
	for i := range p.Trials {
		one, other := p.Trials[i].Settings, there.Trials[i].Settings
		for _, d := range run.Differences(&one, &other) {
			return differ(fmt.Sprintf("trial %d: %s", i+1, d.Key), d.A, d.B)
		}
	}
	return ""
}

// claim makes the folder that of this plan, unless it is one already; it reads the images
// of the plan with sum before it does. The plan that is there is returned.
func (p *Plan) claim(dir string, sum func(*run.Settings) (string, error)) (*Plan, error) {
	there, err := ReadPlan(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := free(dir); err != nil {
			return nil, err
		}
		if err := p.describe(sum); err != nil {
			return nil, err
		}
		if err := p.create(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		there, err = ReadPlan(dir)
	}
	if err != nil {
		return nil, err
	}
	if d := p.difference(there); d != "" {
		return nil, permanent.Errorf(otherFolder, "%s is of another sweep: %s", dir, d)
	}
	return there, nil
}

// free refuses a folder that holds a run, or trials of a sweep without its plan.
func free(dir string) error {
	f := run.Folder{Dir: dir}
	if err := f.Free(); err != nil {
		return &permanent.Error{Err: err, Remedy: otherFolder}
	}
	if first := f.Trial(1); first.Exists() {
		return permanent.Errorf(otherFolder, "%s is there, and no %s", first.Dir, run.PlanFile)
	}
	return nil
}

// describe notes the images of the trials.
func (p *Plan) describe(sum func(*run.Settings) (string, error)) error {
	for i := range p.Trials {
		s := &p.Trials[i].Settings
		known := slices.ContainsFunc(p.Data, func(d Data) bool { return d.source == sourceOf(s) })
		if s.Data == "" || known {
			continue
		}
		digest, err := sum(s)
		if err != nil {
			return err
		}
		p.Data = append(p.Data, Data{sourceOf(s), digest})
	}
	return nil
}
