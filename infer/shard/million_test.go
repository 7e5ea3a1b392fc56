package shard

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/infer/answers"
)

var names = flag.Int("names", 4000, "pictures of TestMemoryDoesNotGrowWithThePictures")

// TestMemoryDoesNotGrowWithThePictures lists, answers in 16 shards and merges; with
// -names 1000000 it says how long that takes. Go's memory is looked at meanwhile.
func TestMemoryDoesNotGrowWithThePictures(t *testing.T) {
	// Hard links of few files: what is read is the same, and making them is quick.
	dir := t.TempDir()
	file := ""
	for i := range *names {
		folder := filepath.Join(dir, fmt.Sprintf("%05d", i/1000))
		if i%1000 == 0 {
			file = filepath.Join(folder, "0000000.png")
			put(t, file, png)
			continue
		}
		if err := os.Link(file, filepath.Join(folder, fmt.Sprintf("%07d.png", i))); err != nil {
			t.Fatal(err)
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	var most uint64
	look := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.Sys-m.HeapReleased)
	}
	start := time.Now()
	path := filepath.Join(t.TempDir(), "manifest.jsonl")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := List(t.Context(), out, named(dir), ListOptions{})
	if err != nil || out.Close() != nil || sum.Pictures != int64(*names) {
		t.Fatalf("got %+v, %v", sum, err)
	}
	look()
	listed := time.Now()
	parts := t.TempDir()
	for i := range 16 {
		m := opened(t, path)
		w := prediction(m, parts, Shard{i, 16}, answers.JSON)
		w.Watch = func(done, _, _ int64) {
			if done%10_000 == 0 {
				look()
			}
		}
		if _, err := Run(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	answered := time.Now()
	merged, err := Merge(t.Context(), parts, "")
	if err != nil || merged.Pictures != int64(*names) || merged.Failed != 0 {
		t.Fatalf("got %+v, %v", merged, err)
	}
	look()
	t.Logf("%d names: listed in %v, answered in %v, merged in %v; %d MiB", *names, listed.Sub(start),
		answered.Sub(listed), time.Since(answered), most>>20)
	if most > 150<<20 {
		t.Errorf("got %d MiB, want at most 150", most>>20)
	}
}
