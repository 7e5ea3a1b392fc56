package nn

import (
	"errors"
	"testing"
)

// TestLargeBatchesAreRefused: a step that memory does not hold is an error before any
// of it is reserved, which says how many images would fit, and that many do.
func TestLargeBatchesAreRefused(t *testing.T) {
	spec, w := preset(t, "tiny", 32)
	cfg := Config{Engine: engines(t)[0], Optimizer: adam(t)}
	need, err := newNetwork(t, spec, w, cfg).Prepare(8)
	if err != nil || need < 8*32*32*3*4 {
		t.Fatalf("8 images need %d bytes (%v), want more than their pixels", need, err)
	}
	cfg.Memory = need
	n := newNetwork(t, spec, w, cfg)
	_, err = n.Prepare(1 << 20)
	var large *MemoryError
	if !errors.As(err, &large) || large.Images != 1<<20 || large.Need <= large.Room || large.Room != need {
		t.Fatalf("a million images: %v", err)
	}
	if large.Fits != 8 {
		t.Errorf("of a million images %d fit, want 8", large.Fits)
	}
	if _, err = n.Prepare(1 << 62); !errors.As(err, &large) {
		t.Errorf("2^62 images: %v", err)
	}
	cfg.Memory = 8 * 32 * 32 * 3 * 4
	if _, err = newNetwork(t, spec, w, cfg).Prepare(8); !errors.As(err, &large) || large.Fits > 3 {
		t.Errorf("8 images in the memory of their pixels: %v", err)
	}
	_, err = n.Prepare(12) // the largest activation alone would fit
	if !errors.As(err, &large) || large.Images != 12 {
		t.Fatalf("12 images: %v", err)
	}
	if large.Fits != 8 {
		t.Errorf("%d images fit, want 8", large.Fits)
	}
	if mustStep(t, n, goldenBatch(0, 8, 32, 5)); len(n.source.memory.slab)*4 > int(need) {
		t.Errorf("%d bytes are reserved, %d allowed", len(n.source.memory.slab)*4, need)
	}
}
