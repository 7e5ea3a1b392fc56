package main

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/run"
)

// settingsFlags are the flags that make up a run's settings, one for each of
// run.Fields.
type settingsFlags struct {
	values run.Settings
	lists  map[string]*cli.Float64Slice // of the fields with several numbers
}

// flags are the flags, with the defaults of run.Defaults.
func (s *settingsFlags) flags() []cli.Flag {
	s.values = run.Defaults()
	s.lists = map[string]*cli.Float64Slice{}
	v := &s.values
	var flags []cli.Flag
	for _, f := range run.Fields() {
		switch {
		case f.Text != nil:
			flags = append(flags, &cli.StringFlag{Name: f.Name, Usage: f.Usage,
				Value: *f.Text(v), Destination: f.Text(v)})
		case f.Int != nil:
			flags = append(flags, &cli.IntFlag{Name: f.Name, Usage: f.Usage,
				Value: *f.Int(v), Destination: f.Int(v)})
		case f.Uint != nil:
			flags = append(flags, &cli.Uint64Flag{Name: f.Name, Usage: f.Usage,
				Value: *f.Uint(v), Destination: f.Uint(v)})
		case f.Float != nil:
			flags = append(flags, &cli.Float64Flag{Name: f.Name, Usage: f.Usage,
				Value: *f.Float(v), Destination: f.Float(v)})
		case f.Bool != nil:
			flags = append(flags, &cli.BoolFlag{Name: f.Name, Usage: f.Usage, Destination: f.Bool(v)})
		case f.Floats != nil:
			s.lists[f.Name] = new(cli.Float64Slice)
			list := &cli.Float64SliceFlag{Name: f.Name, Usage: f.Usage, Destination: s.lists[f.Name]}
			if def := *f.Floats(v); len(def) > 0 {
				list.Value = cli.NewFloat64Slice(def...)
			}
			flags = append(flags, list)
		}
	}
	return flags
}

// over puts the settings that the user gave over those that to has.
func (s *settingsFlags) over(to *run.Settings, c *shell.Call) {
	for _, f := range run.Fields() {
		if f.Floats != nil && c.Given(f.Name) {
			*f.Floats(&s.values) = s.lists[f.Name].Value()
		}
	}
	to.Take(&s.values, c.Given)
}

// onlyResumable refuses settings that would make a run another one.
func (s *settingsFlags) onlyResumable(c *shell.Call) error {
	for _, f := range run.Fields() {
		if !f.Resumable && c.Given(f.Name) {
			return shell.Usagef("--resume: takes no --%s: with it, it would be another run", f.Name)
		}
	}
	return nil
}
