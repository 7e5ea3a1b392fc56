package install

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestInstallsAtTheSameTimeDownloadOnce(t *testing.T) {
	archive := release(t)
	in, downloads := mirror(t, archive, sum(archive))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			l, err := Run(context.Background(), in)
			if err != nil {
				t.Error(err)
				return
			}
			if err := l.Verify(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if downloads.Load() != 1 {
		t.Errorf("got %d downloads, want 1", downloads.Load())
	}
}

func TestInstallRemovesWhatAKilledOneLeft(t *testing.T) {
	archive := release(t)
	in, _ := mirror(t, archive, sum(archive))
	dir, err := folderOf(BuildCPU)
	if err != nil {
		t.Fatal(err)
	}
	abandoned := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".writing-0")
	if err := os.MkdirAll(filepath.Join(abandoned, "new"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if got := left(t); !slices.Equal(got, []string{Version}) {
		t.Errorf("left %q", got)
	}
}

func TestInstallWaitsForTheLockAtMostUntilTheContextEnds(t *testing.T) {
	archive := release(t)
	in, downloads := mirror(t, archive, sum(archive))
	dir, err := folderOf(BuildCPU)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock(t.Context(), dir+".lock")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, in); !errors.Is(err, context.DeadlineExceeded) || downloads.Load() != 0 {
		t.Errorf("got %v and %d downloads", err, downloads.Load())
	}
	unlock()
	if _, err := Run(t.Context(), in); err != nil {
		t.Error(err)
	}
}

// Whoever was told that it is over may remove the folder at once.
func TestAnInterruptedInstallTouchesNothingAfterwards(t *testing.T) {
	in, _ := mirror(t, nil, "")
	dir, err := folderOf(BuildCPU)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	time.Sleep(50 * time.Millisecond)
	if _, err := os.Stat(dir + ".lock"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock file came after the end: %v", err)
	}
}
