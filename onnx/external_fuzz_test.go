//go:build unix

package onnx

import (
	"bytes"
	"path/filepath"
	"testing"
)

// FuzzExternal: whatever a file says about values in other files, reading it does not
// panic, never reads from outside its folder, and leaves no tensor without values.
func FuzzExternal(f *testing.F) {
	model, data := split(f, "w.bin", 8)
	top := f.TempDir()
	dir := filepath.Join(top, "a")
	secret := bytes.Repeat([]byte("secret!"), 1000)
	save(f, top, "a/w.bin", data, "a/b/w.bin", data[:32], "w.bin", secret, "secret.bin", secret)
	f.Add(model)
	for _, location := range []string{"w.bin", "b/w.bin", "../w.bin", "../secret.bin", "./w.bin"} {
		f.Add(referring(location, "offset", "8", "length", "16"))
	}
	f.Add(alike(3, 20, "w.bin"))
	for _, h := range hostileTensors(f) {
		if len(h.file) < 1<<12 {
			f.Add(h.file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		external, damaged := HasExternal(file)
		got, err := Inline(filepath.Join(dir, "m.onnx"), file)
		if err != nil {
			return
		}
		if damaged == nil && !external && !bytes.Equal(got, file) {
			t.Fatal("a file without other files was changed")
		}
		if left, err := HasExternal(got); damaged == nil && (left || err != nil) {
			t.Fatalf("values are still elsewhere (%v)", err)
		}
		if bytes.Contains(got, []byte("secret!")) && !bytes.Contains(file, []byte("secret!")) {
			t.Fatal("bytes of another folder")
		}
		if _, err := Decode(file); err == nil && external {
			t.Fatal("Decode took a file whose values are elsewhere")
		}
	})
}
