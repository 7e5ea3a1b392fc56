package run

import (
	"encoding/json"
	"testing"
)

// FuzzDecodeSettings reads a config.json and checks the settings, as a training does
// before it reads images.
func FuzzDecodeSettings(f *testing.F) {
	text, err := json.Marshal(Defaults())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"aux_weight": [1, 2], "on_nan": "rollback", "mean": 3}`))
	f.Add([]byte(`{"arch": "tiny", "schedule": "cosine,warmup=3", "augment": "flip"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := Defaults().Study()
		if s.decode(text) != nil {
			return
		}
		resolved, err := s.Resolve()
		if err != nil {
			return
		}
		again, err := json.Marshal(resolved)
		if err != nil {
			t.Fatal(err)
		}
		back := Defaults().Study()
		if err := back.decode(again); err != nil {
			t.Fatalf("resolved to %s: %v", again, err)
		}
		if d := Differences(&resolved, &back); len(d) > 0 {
			t.Fatalf("changed by writing and reading: %v", d)
		}
	})
}
