package terminal

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/table"
)

// Training shows a training: a bar for each epoch on a terminal, elsewhere a line
// every half minute, and a line when the epoch is done. It implements
// run.Observer.
type Training struct {
	w       io.Writer
	bar     *progressbar.ProgressBar // nil between bars, and where nobody looks
	bars    bool
	every   time.Duration // between lines within an epoch
	wrote   time.Time     // the last line
	started time.Time
	// Heads are the names of the auxiliary heads.
	Heads []string
}

// NewTraining makes one that writes to w.
func NewTraining(w io.Writer) *Training {
	now := time.Now()
	return &Training{w: w, bars: isTerminal(w), every: 30 * time.Second, wrote: now, started: now}
}

// Progress moves the bar, or writes a line when it is time for one.
func (p *Training) Progress(s train.Progress) {
	if !p.bars {
		p.line(s)
		return
	}
	what := "train"
	if s.Validating {
		what = "check"
	}
	if p.bar == nil || s.Step == 1 {
		p.start(s.Steps)
	}
	p.bar.Describe(fmt.Sprintf("epoch %d/%d %s  loss %s  accuracy %.1f %%  %s images/s%s",
		s.Epoch, s.Epochs, what, lossText(s.Loss), 100*s.Accuracy, rateText(s.ImagesPerSecond),
		leftText(s)))
	p.bar.Set(s.Step)
}

// line says how far a long epoch is, for those who read a log.
func (p *Training) line(s train.Progress) {
	if time.Since(p.wrote) < p.every || s.Step == s.Steps {
		return
	}
	p.wrote = time.Now()
	what := "step"
	if s.Validating {
		what = "check"
	}
	const line = "epoch %3d  %s %d/%d  loss so far %s  accuracy %5.1f %%  %s images/s%s\n"
	fmt.Fprintf(p.w, line, s.Epoch, what, s.Step, s.Steps, lossText(s.Loss), 100*s.Accuracy,
		rateText(s.ImagesPerSecond), leftText(s))
}

// leftText is what is left of the epoch's batches, where that is known.
func leftText(s train.Progress) string {
	if s.Left == 0 {
		return ""
	}
	return "  about " + table.Duration(s.Left) + " left"
}

// start opens a bar of that many steps.
func (p *Training) start(steps int) {
	p.Clear()
	p.bar = progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(p.w),
		progressbar.OptionSetWidth(12),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish())
}

// Clear takes the bar away.
func (p *Training) Clear() {
	if p.bar != nil {
		p.bar.Clear()
		p.bar = nil
	}
}

// EpochDone writes the epoch's line.
func (p *Training) EpochDone(e train.Epoch, best bool) {
	p.Clear()
	p.wrote = time.Now()
	mark := ""
	for i, name := range p.Heads {
		mark += fmt.Sprintf("  %s %.1f %%", name, 100*e.ValHeads[i])
	}
	if e.ValMAP != nil {
		mark += fmt.Sprintf("  val_map %.1f %%", 100**e.ValMAP)
	}
	if best {
		mark += "  best"
	}
	loss := lossText(e.ValLoss)
	if e.CalibratedLoss > 0 {
		loss += fmt.Sprintf(" (calibrated %s)", lossText(e.CalibratedLoss))
	}
	if e.LearningRate == 0 {
		const line = "epoch %3d  head fitted: accuracy %5.1f %%  validation loss %s  accuracy " +
			"%5.1f %%  %s%s\n"
		fmt.Fprintf(p.w, line, e.Epoch, 100*e.Accuracy, loss, 100*e.ValAccuracy,
			table.Seconds(e.Seconds), mark)
		return
	}
	const line = "epoch %3d  loss %s  accuracy %5.1f %%  validation loss %s  accuracy %5.1f %%" +
		"  lr %.3g  %s  %.0f images/s%s\n"
	fmt.Fprintf(p.w, line, e.Epoch, lossText(e.Loss), 100*e.Accuracy, loss,
		100*e.ValAccuracy, e.LearningRate,
		table.Duration(time.Duration(e.Seconds*float64(time.Second))), e.ImagesPerSecond, mark)
}

// Warn writes a line.
func (p *Training) Warn(text string) {
	p.Clear()
	fmt.Fprintf(p.w, "warning: %s\n", text)
}

// Reading shows how many images are read.
func (p *Training) Reading(done, total int) {
	if !p.bars {
		return
	}
	if p.bar == nil {
		p.start(total)
	}
	p.bar.Describe(fmt.Sprintf("reading images %d/%d", done, total))
	p.bar.Set(done)
	if done == total {
		p.Clear()
	}
}

// lossText is a loss with four decimals, or four digits where it is large.
func lossText(v float64) string {
	if v < 1e4 {
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.4g", v)
}
