package train

import (
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/pace"
)

// TestWhatIsLeftOfAnEpochIsToldByItsSteps: of 4 steps of 8 images and 2 seconds.
func TestWhatIsLeftOfAnEpochIsToldByItsSteps(t *testing.T) {
	at := time.Unix(1000, 0)
	clock := func() time.Time { return at }
	p := progress{pace.WithClock(clock), pace.WithClock(clock)}
	for step := 1; step <= 4; step++ {
		at = at.Add(2 * time.Second)
		got := p.done(Progress{Step: step, Steps: 4, Images: 8})
		want := time.Duration(4-step) * 2 * time.Second
		if got.Left != want || got.ImagesPerSecond != 4 {
			t.Errorf("after %d steps: got %v left, %g images/s, want %v, 4", step, got.Left,
				got.ImagesPerSecond, want)
		}
	}
}
