package several

import (
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// Curve is the flags of a learning curve.
type Curve struct {
	sizes string
	draws int
}

// Flags are the flags for the help and for parsing.
func (o *Curve) Flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&o.sizes, "learning-curve", "",
			"train with `N,...` images a class, as in 5,10,20,50,100, say what more would bring, and "+
				"keep no network"),
		shell.IntFlag(&o.draws, "draws", 3, "with --learning-curve: `M` draws of the images"),
	}
}

// Wanted says whether a curve is asked for.
func (o *Curve) Wanted() bool { return o.sizes != "" }

// Check refuses flags that contradict each other.
func (o *Curve) Check(c *shell.Call) error {
	switch {
	case !o.Wanted() && c.Given("draws"):
		return shell.Usagef("--draws: goes with --learning-curve")
	case o.draws < 1:
		return shell.Usagef("--draws: got %d, want 1 or more", o.draws)
	case o.Wanted() && c.Given("resume"):
		return shell.Usagef("--learning-curve: takes no --resume: it keeps no network to go on with")
	}
	return nil
}

// Train is `train --learning-curve`; it draws the curve in dir, unless that is empty.
func (o *Curve) Train(c *shell.Call, s run.Settings, ro run.Options, dir string, asJSON bool) error {
	sizes, err := run.ParseSizes(o.sizes)
	if err != nil {
		return shell.Usagef("--learning-curve: %w", err)
	}
	watch := &curveWatch{terminal.NewTraining(c.Log), c}
	ro.Observer = watch
	curve, err := run.Curve(c.Ctx, s, ro, run.CurveOptions{Sizes: sizes, Draws: o.draws, Done: watch.Done})
	watch.Clear()
	if err == nil && dir != "" {
		err = curve.Save(dir)
	}
	if err != nil {
		return err
	}
	return c.Write(asJSON, curve, curve)
}

// curveWatch tells of the trainings of a learning curve, each in a line.
type curveWatch struct {
	*terminal.Training
	call *shell.Call
}

// EpochDone writes nothing: there are many trainings.
func (w *curveWatch) EpochDone(train.Epoch, bool) { w.Clear() }

// Done says how a training did.
func (w *curveWatch) Done(size, draw int, accuracy float64) {
	w.Clear()
	w.call.Say("%s a class, draw %d: %.1f %%", table.Count(size, "image"), draw, 100*accuracy)
}
