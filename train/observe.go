package train

import "time"

// Observer is told how training goes. Its methods are called from Run's
// goroutine and should return soon.
type Observer interface {
	// Progress comes after every batch.
	Progress(Progress)
	// EpochDone comes after every epoch, once its files are written.
	EpochDone(e Epoch, best bool)
	// Warn passes on what the user should know: one line, lower case.
	Warn(text string)
}

// Progress says how far an epoch is.
type Progress struct {
	Epoch, Epochs int // the current one, from 1; the most there can be
	Step, Steps   int // batches done, of all
	Validating    bool
	Loss          float64 // mean over the images of the epoch so far
	Accuracy      float64 // of the main head, over the same images
	// ImagesPerSecond since the epoch, or its validation, began.
	ImagesPerSecond float64
	Left            time.Duration // to the end of the epoch's batches
}

// silent is an Observer that does nothing.
type silent struct{}

func (silent) Progress(Progress)     {}
func (silent) EpochDone(Epoch, bool) {}
func (silent) Warn(string)           {}

// pace measures images per second.
type pace struct {
	start  time.Time
	images int
	steps  int
}

func newPace() *pace { return &pace{start: time.Now()} }

func (p *pace) done(images int) {
	p.images += images
	p.steps++
}

func (p *pace) rate() float64 {
	if s := time.Since(p.start).Seconds(); s > 0 {
		return float64(p.images) / s
	}
	return 0
}

func (p *pace) left(steps int) time.Duration {
	return time.Since(p.start) / time.Duration(max(p.steps, 1)) * time.Duration(steps)
}
