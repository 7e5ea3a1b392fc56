package onnx

import "testing"

// FuzzDecode: no bytes make Decode, Check or Encode panic, and what was decoded
// can be encoded and decoded again.
func FuzzDecode(f *testing.F) {
	for _, h := range hostiles(f) {
		if len(h.file) < 1<<12 {
			f.Add(h.file)
		}
	}
	small := withSlice(tiny())
	file, err := small.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		checked := m.Check()
		again, err := m.Encode()
		if err != nil {
			return // a kind of value that cannot be encoded
		}
		back, err := Decode(again)
		if err != nil {
			t.Fatalf("decoded once, not twice: %v", err)
		}
		if second := back.Check(); (checked == nil) != (second == nil) {
			t.Fatalf("checked first %v, then %v", checked, second)
		}
	})
}
