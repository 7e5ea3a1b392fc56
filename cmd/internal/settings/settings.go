// Package settings makes the flags of a run's settings. Start at [Flags].
package settings

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/run"
)

// Flags are the flags that make up a run's settings, one for each of run.Fields.
type Flags struct {
	Values run.Settings                 // the defaults, and what the user gave in place of them
	lists  map[string]*cli.Float64Slice // of the fields with several numbers
}

// List is the flags for the help and for parsing, with the defaults of run.Defaults.
func (s *Flags) List() []cli.Flag {
	s.Values = run.Defaults()
	s.lists = map[string]*cli.Float64Slice{}
	v := &s.Values
	var flags []cli.Flag
	for _, f := range run.Fields() {
		switch {
		case f.Text != nil:
			flags = append(flags, &cli.StringFlag{Name: f.Name, Usage: f.Usage,
				Value: *f.Text(v), Destination: f.Text(v)})
		case f.Int != nil && f.Auto != 0:
			flags = append(flags, &cli.GenericFlag{Name: f.Name, Usage: f.Usage,
				Value: &intOrAuto{f, v}})
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

// intOrAuto is a number of a run's settings, for which people may write auto.
type intOrAuto struct {
	field run.Field
	to    *run.Settings
}

func (i *intOrAuto) Set(text string) (err error) {
	n, err := i.field.ParseInt(text)
	if err == nil {
		*i.field.Int(i.to) = n
	}
	return err
}

func (i *intOrAuto) String() string {
	if i.to == nil { // as the flag package asks for the text of no value
		return ""
	}
	return i.field.Value(i.to)
}

// Over puts the settings that the user gave over those that to has.
func (s *Flags) Over(to *run.Settings, c *shell.Call) {
	for _, f := range run.Fields() {
		if f.Floats != nil && c.Given(f.Name) {
			*f.Floats(&s.Values) = s.lists[f.Name].Value()
		}
	}
	to.Take(&s.Values, c.Given)
}

// OnlyResumable refuses settings that would make a run that goes on another one.
func (s *Flags) OnlyResumable(c *shell.Call) error {
	for _, f := range run.Fields() {
		if !f.Resumable && c.Given(f.Name) {
			return shell.Usagef("--resume: takes no --%s: with it, it would be another run", f.Name)
		}
	}
	return nil
}
