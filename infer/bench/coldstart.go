package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// ColdStart runs a program n times on a file with the picture, whose name it gets as
// the last argument, and returns the median time from the start of the process to its
// end, in milliseconds. One run more comes first, which reads the program and its
// libraries from disk.
func ColdStart(ctx context.Context, command []string, picture []byte, n int) (
	p50 float64, err error) {
	dir, remove, err := atomicfile.TempDir("", "flowerctl-bench")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	path := filepath.Join(dir, "picture")
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		return 0, atomicfile.OnDisk(err, path)
	}
	args := append(slices.Clone(command[1:]), path)
	var took []time.Duration
	for range n + 1 {
		var complaint bytes.Buffer
		process := exec.CommandContext(ctx, command[0], args...)
		process.Stderr = &complaint
		start := time.Now()
		if err := process.Run(); err != nil {
			return 0, fmt.Errorf("cold start: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
		}
		took = append(took, time.Since(start))
	}
	took = took[1:]
	slices.Sort(took)
	return quantile(took, 0.5), nil
}
