package run

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
)

func TestContentIsImagesAndClasses(t *testing.T) {
	set := func(labels []string, items ...data.Item) string {
		return ContentDigest(&data.Set{Labels: labels, Items: items})
	}
	ab := []string{"a", "b"}
	x, y := data.Item{Path: "x", SHA256: "1", Part: data.Train}, data.Item{Path: "y", SHA256: "2", Class: 1, Part: data.Val}
	z, moved, out := y, y, data.Item{Path: "o", SHA256: "3", Part: data.Out}
	z.Class, moved.Path, moved.Part = 0, "w", data.Train
	all := set(ab, x, y)
	if set(ab, moved, x) != all || set(ab, x, y, out) != all {
		t.Error("another split of the same images is another content")
	}
	if set(ab, x, z) == all || set(ab, x) == all || set([]string{"a", "c"}, x, y) == all {
		t.Error("other images or classes have the same content")
	}
}

func TestARunThatAnErrorEndedHasNotEnded(t *testing.T) {
	for stopped, want := range map[train.Stop]bool{train.NoBetter: true, train.Failed: false} {
		r := &Record{Folder: Folder{t.TempDir()}, History: make([]train.Epoch, 2)}
		text := fmt.Sprintf(`{"epochs": 2, "stopped": %q}`, stopped)
		if err := os.WriteFile(filepath.Join(r.Dir, train.MetricsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.readSummary(); err != nil || (r.Summary != nil) != want {
			t.Errorf("stopped by %s: got ended %t, %v, want %t", stopped, r.Summary != nil, err, want)
		}
	}
}
