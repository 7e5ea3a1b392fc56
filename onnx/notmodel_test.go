package onnx

import "testing"

// TestCutOffTellsWhatIsCut from what is damaged, and from what is no ONNX file.
func TestCutOffTellsWhatIsCut(t *testing.T) {
	const version, producer = "\x08\x08", "\x12\x01p"
	for data, want := range map[string]string{
		version + producer + "\x3a\x05abc": "not an ONNX file: cut off: its graph has 5 bytes, and 3 are there",
		version + "\x3a\x05":               "not an ONNX file: cut off: its graph has 5 bytes, and 0 are there",
		version + "\x3a\x03abc":            "", // all of a graph that is damaged
		version + "\x3a\xff":               "",
		version + "\x12\x05p":              "",
		version + "\x42\x00\x3a\x05abc":    "", // a field behind the graph's in front of it
		"\x3a\x05abc":                      "",
		"\x0a\x01p\x3a\x05abc":             "", // a version that is no number
		"\x10\x08\x3a\x05abc":              "",
		"":                                 "",
	} {
		got := ""
		if err := CutOff([]byte(data)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", data, got, want)
		}
	}
}
