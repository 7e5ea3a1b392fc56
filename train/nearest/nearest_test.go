package nearest

import "testing"

func TestTheNearestWordIsFound(t *testing.T) {
	known := []string{"lr", "batch", "patience", "patience_steps", "x"}
	for word, want := range map[string]string{
		"lrr": "lr", "bacth": "batch", "patence": "patience", "patience_step": "patience_steps",
		"y": "", "momentum": "", "batch": "batch",
	} {
		if got := Word(word, known); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}
