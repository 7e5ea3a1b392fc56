package sweep

import (
	"bytes"
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

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/run"
)

// A folder of another sweep, of a run, with a plan that was changed, or of other images is
// refused for good.
func TestOtherFoldersAreRefused(t *testing.T) {
	photos := filepath.Join(t.TempDir(), "photos")
	for class := range 2 {
		for i := range 4 {
			paint(t, filepath.Join(photos, fmt.Sprint(class), fmt.Sprint(i, ".png")), uint64(10*class+i))
		}
	}
	text := fmt.Sprintf("base: {arch: tiny, size: 32, epochs: 1, threads: 1, data: %q, val: 0.5}\n", photos)
	f := parsed(t, text+"method: grid\nsettings: {lr: [0.1, 0.01]}\n")
	dir := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Open(ctx, f, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	refused := func(want string, err error) {
		t.Helper()
		var forGood *permanent.Error
		if !errors.As(err, &forGood) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	paint(t, filepath.Join(photos, "1", "new.png"), 99)
	s, err = Open(t.Context(), f, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	refused("photos: not the images that the sweep was planned for: got SHA-256 ", s.Run(t.Context()))
	other := parsed(t, text+"method: grid\nsettings: {lr: [0.1, 0.02]}\n")
	_, err = Open(t.Context(), other, Options{Dir: dir})
	refused("is of another sweep: trial 2: lr: got 0.02, but the folder has 0.01", err)
	plan := filepath.Join(dir, run.PlanFile)
	was, err := os.ReadFile(plan)
	if err == nil {
		err = os.WriteFile(plan, bytes.Replace(was, []byte(`"epochs": 1`), []byte(`"epochs": 2`), 1), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), f, Options{Dir: dir})
	refused("plan.json: changed since it was written", err)
	single := t.TempDir()
	if err := os.WriteFile(filepath.Join(single, train.ConfigFile), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), f, Options{Dir: single})
	refused("holds a run already", err)
}

// paint writes a picture of noise.
func paint(t *testing.T, path string, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	m := image.NewGray(image.Rect(0, 0, 32, 32))
	for p := range 32 * 32 {
		m.SetGray(p%32, p/32, color.Gray{Y: uint8(random.UintN(256))})
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(path)
	if err == nil {
		err = errors.Join(png.Encode(out, m), out.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
