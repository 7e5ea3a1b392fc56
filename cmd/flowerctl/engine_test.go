package main

import (
	"context"
	"runtime"
	"testing"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// TestStreamGivesItsPsBack, also when it is left early.
func TestStreamGivesItsPsBack(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	engine := infer.Engine{Prep: imageprep.Config{Size: 8}, Classify: func(_ context.Context, images []imageprep.Image) ([]infer.Answer, error) {
		return make([]infer.Answer, len(images)), nil
	}}
	pictures := func(yield func(infer.Picture) bool) {
		for range 100 {
			if !yield(infer.Picture{Data: []byte("no picture")}) {
				return
			}
		}
	}
	for _, wanted := range []int{1, 100} {
		got := 0
		for range stream(t.Context(), engine, pictures, 4) {
			if p := runtime.GOMAXPROCS(0); p != 2*cores {
				t.Fatalf("got %d Ps, want %d", p, 2*cores)
			}
			if got++; got == wanted {
				break
			}
		}
		if p := runtime.GOMAXPROCS(0); p != cores || got != wanted {
			t.Errorf("got %d Ps and %d results afterwards, want %d and %d", p, got, cores, wanted)
		}
	}
}
