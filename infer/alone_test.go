package infer

import (
	"context"
	"runtime"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// TestStreamGivesItsPsBack, also when it is left early.
func TestStreamGivesItsPsBack(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	nothing := func(_ context.Context, images []imageprep.Image) ([]Answer, error) {
		return make([]Answer, len(images)), nil
	}
	pictures := func(yield func(Picture) bool) {
		for range 100 {
			if !yield(Picture{Data: []byte("no picture")}) {
				return
			}
		}
	}
	for _, alone := range []bool{true, false} {
		engine := Engine{Prep: imageprep.Config{Size: 8}, Classify: nothing, Alone: alone}
		during := cores
		if alone {
			during = 2 * cores
		}
		for _, wanted := range []int{1, 100} {
			got := 0
			for range Stream(t.Context(), engine, pictures, 4) {
				if p := runtime.GOMAXPROCS(0); p != during {
					t.Fatalf("alone %v: got %d Ps, want %d", alone, p, during)
				}
				if got++; got == wanted {
					break
				}
			}
			if p := runtime.GOMAXPROCS(0); p != cores || got != wanted {
				t.Errorf("alone %v: got %d Ps and %d results afterwards, want %d and %d", alone, p, got, cores, wanted)
			}
		}
	}
}
