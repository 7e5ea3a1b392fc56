package data

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/links"
)

// TestWithinIsWhatAScanLists: what lies in the folder or in one that stands for a class by a
// link, unless it is hidden.
func TestWithinIsWhatAScanLists(t *testing.T) {
	root := t.TempDir()
	in := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	for _, dir := range []string{"photos/rose", "roses", "split/train", "split/other", "tulips", "hidden"} {
		if err := os.MkdirAll(in(dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"photos/red": "roses", "split/train/tulip": "tulips",
		"split/other/tulip": "hidden", "photos/.old": "hidden"} {
		links.Make(t, in(to), in(link))
	}
	for _, c := range []struct {
		dir, path string
		want      bool
	}{
		{"photos", "photos", true}, {"photos", "photos/run", true}, {"photos", "photos/rose/run", true},
		{"photos", "roses/run", true}, {"photos", "roses", true}, {"split", "tulips/a/b", true},
		{"photos", "run", false}, {"photos", "tulips/run", false}, {"photos/rose", "photos/run", false},
		{"photos", "photos/.runs/1", false}, {"photos", "photos/rose/.runs/1", false},
		{"photos", "hidden/run", false}, {"split", "hidden/run", false}, // links within a class are not followed
		{"gone", "gone/run", false},
	} {
		if got := Within(in(c.dir), in(c.path)); got != c.want {
			t.Errorf("%s within %s: %t", c.path, c.dir, got)
		}
	}
}
