package train

import (
	"bytes"
	"testing"
)

func FuzzReadHistory(f *testing.F) {
	for _, h := range [][]Epoch{nil, {{Epoch: 1, LearningRate: 0.1, Loss: 2, Rollbacks: 1}},
		{{Epoch: 1, CalibratedLoss: 0.5}, {Epoch: 2, CalibratedLoss: 0.25, Rollbacks: 1}}} {
		var b bytes.Buffer
		if err := WriteHistory(&b, h, nil); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("epoch,lr\n1,2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		history, heads, err := ReadHistory(bytes.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteHistory(&b, history, heads); err != nil {
			t.Fatal(err)
		}
		if again, _, err := ReadHistory(&b); err != nil || len(again) != len(history) {
			t.Fatalf("%d epochs, then %d, %v", len(history), len(again), err)
		}
	})
}
