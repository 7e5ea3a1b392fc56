package serve

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// overlapping is a network whose first runs wait for each other.
type overlapping struct {
	*colourist
	largest int
	first   sync.WaitGroup

	mu    sync.Mutex
	sizes []int
}

func (o *overlapping) Classify(ctx context.Context, images []imageprep.Image) ([]infer.Answer, error) {
	o.mu.Lock()
	o.sizes = append(o.sizes, len(images))
	waits := len(images) == o.largest
	o.mu.Unlock()
	if waits {
		o.first.Done()
		o.first.Wait()
	}
	return o.colourist.Classify(ctx, images)
}

func TestTheLargestRunsAreWarmedFirstAndTogether(t *testing.T) {
	o := &overlapping{colourist: newColourist(), largest: 5}
	o.first.Add(3)
	lone := 0
	m := &Model{Classifier: o, Runs: 3, MaxBatch: 5,
		Lone: func(ctx context.Context, images []imageprep.Image) ([]infer.Answer, error) {
			lone += len(images)
			return o.colourist.Classify(ctx, images)
		}}
	m.complete()
	var mu sync.Mutex
	took := map[int]int{}
	if err := m.warm(t.Context(), func(n int, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		took[n]++
	}); err != nil {
		t.Fatal(err)
	}
	if want := []int{5, 5, 5, 1, 2, 4}; !slices.Equal(o.sizes, want) {
		t.Errorf("runs of %v, want %v", o.sizes, want)
	}
	if took[5] != 3 || took[1] != 1 || took[2] != 1 || took[4] != 1 || lone != 1 {
		t.Errorf("told of %v, %d alone", took, lone)
	}
}

// TestALargestRunOfAPowerOfTwoIsWarmedOnce for each of those that may go on together.
func TestALargestRunOfAPowerOfTwoIsWarmedOnce(t *testing.T) {
	o := &overlapping{colourist: newColourist()}
	m := &Model{Classifier: o, Lone: o.colourist.Classify, Runs: 2, MaxBatch: 4}
	m.complete()
	if err := m.warm(t.Context(), func(int, time.Duration) {}); err != nil {
		t.Fatal(err)
	}
	if want := []int{4, 4, 1, 2}; !slices.Equal(o.sizes, want) {
		t.Errorf("runs of %v, want %v", o.sizes, want)
	}
}

// short is a network that has no memory for runs of so many pictures.
type short struct {
	*overlapping
	of int
}

var errShort = errors.New("no memory")

func (s *short) Classify(ctx context.Context, images []imageprep.Image) ([]infer.Answer, error) {
	if len(images) == s.of {
		return nil, errShort
	}
	return s.overlapping.Classify(ctx, images)
}

func TestARunThatFailsFailsTheWarming(t *testing.T) {
	for of, smaller := range map[int]int{4: 0, 2: 1} {
		o := &overlapping{colourist: newColourist()}
		m := &Model{Classifier: &short{o, of}, Lone: o.colourist.Classify, Runs: 2, MaxBatch: 4}
		m.complete()
		err := m.warm(t.Context(), func(int, time.Duration) {})
		ran := 0
		for _, n := range o.sizes {
			if n < 4 {
				ran++
			}
		}
		if !errors.Is(err, errShort) || ran != smaller {
			t.Errorf("none of %d: got %v after %v, want %v", of, err, o.sizes, errShort)
		}
	}
}
