package run

import (
	"errors"
	"testing"
)

// drawn opens a session of drawn flowers with so much room for a step, and closes it.
func drawn(t *testing.T, images, batch int, room int64) (*Session, error) {
	t.Helper()
	settings := Defaults()
	settings.Arch, settings.Drawn, settings.Batch = "tiny", images, batch
	s, err := Open(t.Context(), settings, Options{Room: room})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, nil
}

// TestAutoBatchIsTheLargestThatLeavesSteps: of 240 training images 8 steps leave 30 each.
func TestAutoBatchIsTheLargestThatLeavesSteps(t *testing.T) {
	s, err := drawn(t, 300, AutoBatch, 0)
	if err != nil {
		t.Fatal(err)
	}
	if s.Settings.Batch != 16 || !s.AutoBatch || s.SmallBatch {
		t.Errorf("got %d images a step, found %t, want 16", s.Settings.Batch, s.AutoBatch)
	}
	for images, want := range map[int]int{1: 8, 64: 8, 127: 8, 128: 16, 2650: 256, 1 << 20: 1024} {
		if got := largestFor(images); got != want {
			t.Errorf("%d images: got %d a step, want %d", images, got, want)
		}
	}
}

// TestAutoBatchFitsMemory: with room for 16 images and not for 32 it is 16, in the steps,
// the loaders and the settings that are kept; a number that was asked for is refused.
func TestAutoBatchFitsMemory(t *testing.T) {
	fixed, err := drawn(t, 600, 16, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := drawn(t, 600, AutoBatch, fixed.StepBytes/4*5) // for 20, which is no power of two
	if err != nil {
		t.Fatal(err)
	}
	if s.Settings.Batch != 16 || s.StepBytes != fixed.StepBytes {
		t.Errorf("got %d images of %d bytes, want 16 of %d", s.Settings.Batch, s.StepBytes, fixed.StepBytes)
	}
	for b, err := range s.Training.Batches(t.Context(), 1) {
		if err != nil || b.N != 16 {
			t.Errorf("got batches of %d, %v", b.N, err)
		}
		break
	}
	var wrong *SettingError
	if _, err = drawn(t, 600, 32, fixed.StepBytes); !errors.As(err, &wrong) || wrong.Fields[0] != "batch" {
		t.Errorf("got %v, want 32 refused", err)
	}
	if _, err = drawn(t, 600, AutoBatch, 1000); !errors.As(err, &wrong) || wrong.Fields[0] != "batch" {
		t.Errorf("no room: got %v", err)
	}
}

// TestAutoBatchIsOfSteps: without images, and for a head that is fitted, there is none.
func TestAutoBatchIsOfSteps(t *testing.T) {
	s := Defaults()
	s.Arch, s.Batch = "tiny", AutoBatch
	var wrong *SettingError
	if _, err := OpenNetwork(s, nil, 5); !errors.As(err, &wrong) || wrong.Fields[0] != "batch" {
		t.Errorf("without images: got %v", err)
	}
	o, _ := onColours(t, 0)
	s = colourSettings(0)
	s.Batch = AutoBatch
	if session, _, err := frozenRun(t, s, o); err != nil || session.AutoBatch {
		t.Errorf("a head: got %v, or it says how many images a step has", err)
	}
}

func TestStepsMayTakeNineTenthsOfWhatIsFree(t *testing.T) {
	for free, want := range map[int64]int64{0: 0, 1000: 900, 16 << 30: 15_461_882_262} {
		if got := roomForSteps(free); got != want {
			t.Errorf("%d bytes free: got %d, want %d", free, got, want)
		}
	}
}

// TestAutoIsAWordOfItsField, and of no other.
func TestAutoIsAWordOfItsField(t *testing.T) {
	for _, f := range Fields() {
		if f.Int == nil {
			continue
		}
		n, err := f.ParseInt("auto")
		if f.Name == "batch" != (err == nil) || err == nil && n != AutoBatch {
			t.Errorf("%s: auto is %d, %v", f.Name, n, err)
		}
		if n, err = f.ParseInt("12"); n != 12 || err != nil {
			t.Errorf("%s: 12 is %d, %v", f.Name, n, err)
		}
		s := Settings{Batch: AutoBatch}
		if f.Name == "batch" && (f.Value(&s) != "auto" || f.json(&s) != "-1") {
			t.Errorf("got %s, in JSON %s", f.Value(&s), f.json(&s))
		}
	}
}
