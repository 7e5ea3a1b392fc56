package train

import (
	"time"

	"github.com/flowerctl/flowerctl/train/pace"
)

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
	// Images, BatchLoss and LearningRate are of the batch that was done; the last two are
	// 0 while validating.
	Images                  int
	BatchLoss, LearningRate float64
	// ImagesPerSecond of the last half minute of the epoch, or of its validation.
	ImagesPerSecond float64
	// Left is the time to the end of the epoch's batches at that pace; 0 where it is not
	// known yet.
	Left time.Duration
}

// silent is an Observer that does nothing.
type silent struct{}

func (silent) Progress(Progress)     {}
func (silent) EpochDone(Epoch, bool) {}
func (silent) Warn(string)           {}

// progress measures how fast batches are done.
type progress struct{ images, steps *pace.Pace }

func newProgress() progress { return progress{pace.New(), pace.New()} }

// done counts a batch, after which so many are left, and fills in the pace.
func (p progress) done(at Progress) Progress {
	p.images.Add(int64(at.Images))
	p.steps.Add(1)
	at.ImagesPerSecond = p.images.PerSecond()
	if left := at.Steps - at.Step; left > 0 {
		at.Left, _ = p.steps.Left(int64(left))
	}
	return at
}
