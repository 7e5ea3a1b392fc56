package serve

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAModelIsOpenedAgainWhenWhatBelongsToItChanges(t *testing.T) {
	dir := t.TempDir()
	path, key := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "keys", "key.pub.pem")
	put(t, path, "one")
	put(t, key, "a key")
	opened := 0
	open := func(path string, file []byte) (*Model, error) {
		opened++
		return new(opener).open(path, file)
	}
	_, l := loading(t, Files{Models: []string{path}, Also: []string{key}, Open: open})
	reload := func(what string, want int) {
		t.Helper()
		if err := l.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if opened != want {
			t.Errorf("%s: opened %d times, want %d", what, opened, want)
		}
	}
	reload("nothing has changed", 1)
	put(t, path+".sig", "a signature")
	reload("it is signed", 2)
	put(t, path+".sig", "another one of the same length"[:len("a signature")])
	reload("it is signed again", 3)
	if err := os.Remove(path + ".sig"); err != nil {
		t.Fatal(err)
	}
	reload("it is signed no more", 4)
	put(t, path+".verify.json", "{}")
	reload("it has a report", 5)
	put(t, filepath.Join(dir, "config.json"), "{}")
	reload("classes are beside it", 6)
	put(t, key, "other")
	reload("another key is wanted", 7)
	put(t, filepath.Join(dir, "notes.txt"), "")
	reload("what does not belong to it is there", 7)
}
