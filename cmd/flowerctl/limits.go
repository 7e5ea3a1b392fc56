package main

import (
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/onnx"
)

// What flags and files may ask for: beyond what serves anybody, and a bound for
// what a slip of the hand can make us allocate.
const (
	maxBatch      = 1024 // pictures a run; beyond some hundred, no run gets faster
	maxThreads    = 1024 // more than any machine that this runs on has cores
	maxSeconds    = 3600 // to spend on a figure
	maxLabelBytes = 1 << 20
)

// checkBatch holds sizes of --batch against the limit.
func checkBatch(sizes ...int) error {
	for _, n := range sizes {
		if n < 1 || n > maxBatch {
			return usagef("--batch: got %d, want 1 to %d", n, maxBatch)
		}
	}
	return nil
}

// checkThreads holds --threads against the limit.
func checkThreads(c *cli.Context) error {
	if n := c.Int("threads"); n < 0 || n > maxThreads {
		return usagef("--threads: got %d, want 0 to %d", n, maxThreads)
	}
	return nil
}

// checkRun refuses what chooses or describes an ONNX file where --run names a
// checkpoint, which gorgonia answers with on the CPU. Its --threads count there too,
// and an environment that names a model does not contradict it.
func checkRun(c *cli.Context) error {
	for _, f := range modelFlags() {
		if name := f.Names()[0]; name != "threads" && c.IsSet(name) {
			return usagef("--run and --%s: want one of them: a run is answered by gorgonia, on the CPU", name)
		}
	}
	return nil
}

// secondsOf reads --seconds.
func secondsOf(c *cli.Context) (time.Duration, error) { return limitedSeconds(c.Float64("seconds")) }

// limitedSeconds holds --seconds against the limit.
func limitedSeconds(s float64) (time.Duration, error) {
	d := time.Duration(min(s, maxSeconds) * float64(time.Second))
	if !(s <= maxSeconds) || d <= 0 {
		return 0, usagef("--seconds: got %v, want more than 0, at most %d", s, maxSeconds)
	}
	return d, nil
}

// readFile reads a file of at most so many bytes, which must be a regular one: a
// device may have no end, and a pipe nobody who writes into it.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fileError(err)
	case info.IsDir():
		return nil, fmt.Errorf("%s: a folder, want a file", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: got a device or pipe, want a regular file", path)
	case info.Size() > limit:
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", path, info.Size(), limit)
	}
	data, err := os.ReadFile(path)
	return data, fileError(err)
}

// readModelFile reads an ONNX file.
func readModelFile(path string) ([]byte, error) { return readFile(path, onnx.MaxFileBytes) }
