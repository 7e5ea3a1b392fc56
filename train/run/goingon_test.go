package run

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// speckled writes n different pictures of a class.
func speckled(t *testing.T, dir string, n int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		m := image.NewGray(image.Rect(0, 0, 32, 32))
		random := rand.New(rand.NewPCG(uint64(len(dir)), uint64(i)))
		for p := range 32 * 32 {
			m.SetGray(p%32, p/32, color.Gray{uint8(random.UintN(256))})
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, m), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// described opens a session, trains with it if it is new, and returns what it says.
func described(t *testing.T, s Settings, o Options) string {
	t.Helper()
	session, err := Open(context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if o.Resume == nil {
		if _, err := session.Train(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := session.Describe()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// A run that goes on says how its rate and its images differ from what was planned.
func TestARunThatGoesOnSaysWhatDiffers(t *testing.T) {
	photos := t.TempDir()
	speckled(t, filepath.Join(photos, "b"), 6)
	speckled(t, filepath.Join(photos, "aa"), 6)
	s := Defaults()
	s.Arch, s.Size, s.Data, s.Epochs, s.Batch, s.Patience = "tiny", 32, photos, 2, 4, 0
	s.Schedule, s.LR, s.Classes = "cosine", 1e-3, "1,2.5"
	f := Folder{filepath.Join(t.TempDir(), "run")}
	if text := described(t, s, Options{Dir: f.Dir}); !strings.Contains(text, "\nclass weights: aa 1, b 2.5") ||
		strings.Contains(text, "epoch") || strings.Contains(text, "not in this run") {
		t.Errorf("a new run says %s", text)
	}
	resumed := func(epochs int) string {
		t.Helper()
		r, err := f.Resume()
		if err != nil {
			t.Fatal(err)
		}
		settings, err := f.Settings()
		if err != nil {
			t.Fatal(err)
		}
		settings.Epochs = epochs
		return described(t, settings, Options{Dir: f.Dir, Resume: r})
	}
	if text := resumed(2); strings.Contains(text, "rate") || strings.Contains(text, "not in this run") {
		t.Errorf("a run that nothing changed says %s", text)
	}
	// 10 images are 3 steps an epoch: the last of 6 had (1+cos(5/6 pi))/2 of the rate, and
	// the seventh of 12 has half of it.
	speckled(t, filepath.Join(photos, "b"), 8)
	text := resumed(4)
	for _, want := range []string{
		"schedule cosine now ends after 4 epochs, not 2: after epoch 2 the rate goes back up " +
			"from 6.7e-05 to 0.0005, and this is not the run of 4 epochs from the start",
		"2 images of " + photos + " are not in this run, as they were added since it began or left " +
			"out then (b/6.png, b/7.png)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s\nwant %s", text, want)
		}
	}
}
