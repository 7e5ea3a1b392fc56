package ort

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// TestKeptGraphsAreBounded: those used last stay.
func TestKeptGraphsAreBounded(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for i, name := range []string{"new", "older", "oldest", "ancient"} {
		path, at := filepath.Join(dir, name), now.Add(-time.Duration(i)*time.Hour)
		if err := os.WriteFile(path, make([]byte, 40), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(dir, 100); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "new" || entries[1].Name() != "older" {
		t.Errorf("got %v, %v, want new and older", entries, err)
	}
}

// TestKeepingMakesRoom: an old graph as large as all may be together goes.
func TestKeepingMakesRoom(t *testing.T) {
	emptyCache(t)
	dir, err := GraphCache()
	if err != nil {
		t.Fatal(err)
	}
	old, before := filepath.Join(dir, "old.onnx"), time.Now().Add(-time.Hour)
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(old, nil, 0o600),
		os.Truncate(old, cacheBytes),
		os.Chtimes(old, before, before)); err != nil {
		t.Fatal(err)
	}
	model := inverted(t)
	answer(t, model, named)
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) || !isCached(model) {
		t.Errorf("got %v for the old graph, kept the new one: %v", err, isCached(model))
	}
}

// TestAReadGraphCountsAsUsed, so that it outlives newer ones.
func TestAReadGraphCountsAsUsed(t *testing.T) {
	emptyCache(t)
	model := inverted(t)
	answer(t, model, named)
	k := graphOf(model, named)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(k.path, old, old); err != nil {
		t.Fatal(err)
	}
	answer(t, model, named)
	if info, err := os.Stat(k.path); err != nil || time.Since(info.ModTime()) > time.Minute {
		t.Errorf("got %v, %v", info.ModTime(), err)
	}
}

// TestAGraphReplacedMeanwhileIsNotUsed: what was checked must be what was opened.
func TestAGraphReplacedMeanwhileIsNotUsed(t *testing.T) {
	emptyCache(t)
	model := inverted(t)
	answer(t, model, named)
	k := graphOf(model, named)
	for _, replaced := range []bool{false, true} {
		s, err := NewSession(model, Options{})
		if err != nil {
			t.Fatal(err)
		}
		native := k.use(func(path string) (*ort.DynamicAdvancedSession, error) {
			if replaced {
				other := func(path string) error { return os.WriteFile(path, squared(t), 0o600) }
				if err := k.write(other); err != nil {
					t.Error(err)
				}
			}
			return s.s, nil
		})
		if used := native != nil; used == replaced {
			t.Errorf("replaced: %v, used: %v", replaced, used)
		}
		if native != nil {
			native.Destroy()
		}
	}
}

func TestSessionsOpenedTogether(t *testing.T) {
	emptyCache(t)
	model := inverted(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if s, err := NewSession(model, named); err != nil {
					t.Error(err)
				} else {
					s.Close()
				}
			}
		})
	}
	wg.Wait()
	dir, err := GraphCache()
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the graph alone", entries, err)
	}
}

func TestAPipeInThePlaceOfAGraphIsNotOpened(t *testing.T) {
	emptyCache(t)
	k := graphOf(inverted(t), named)
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfifo", k.path).CombinedOutput(); err != nil {
		t.Skipf("mkfifo: %v: %s", err, out)
	}
	if got := answer(t, inverted(t), named); got != -3 {
		t.Errorf("got %v, want -3", got)
	}
}
