package choose

import (
	"os"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// The most that flags may ask for: beyond what serves anybody, and a bound for what a
// slip of the hand can allocate.
const (
	MaxBatch   = 1024 // pictures a run; beyond some hundred, no run gets faster
	maxThreads = 1024 // more cores than the machines have that this runs on
	maxSeconds = 3600 // to spend on a figure
)

// CheckBatch compares sizes of --batch with the limit.
func CheckBatch(sizes ...int) error {
	for _, n := range sizes {
		if n < 1 || n > MaxBatch {
			return shell.Usagef("--batch: got %d, want 1 to %d", n, MaxBatch)
		}
	}
	return nil
}

// CheckThreads compares --threads with the limit.
func CheckThreads(n int) error {
	if n < 0 || n > maxThreads {
		return shell.Usagef("--threads: got %d, want 0 to %d", n, maxThreads)
	}
	return nil
}

// Seconds is the time that --seconds means.
func Seconds(s float64) (time.Duration, error) {
	d := time.Duration(min(s, maxSeconds) * float64(time.Second))
	if !(s <= maxSeconds) || d <= 0 {
		return 0, shell.Usagef("--seconds: got %v, want more than 0, at most %d", s, maxSeconds)
	}
	return d, nil
}

// BatchFlag is --batch of the commands that answer for many pictures.
func BatchFlag(to *int) cli.Flag {
	return shell.IntFlag(to, "batch", infer.DefaultBatch, "`N` pictures a run of the network")
}

// limitMemory keeps a command that reads pictures of anybody within the decoder's
// budget beside a model of so many bytes, unless the environment says a limit.
func limitMemory(model int) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(imageprep.DefaultMemory + 2*int64(model))
	}
}
