package atomicfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/links"
)

// TestInsideFollowsLinks, of what is there and of what is above it where it is not.
func TestInsideFollowsLinks(t *testing.T) {
	root := t.TempDir()
	in := func(names ...string) string { return filepath.Join(append([]string{root}, names...)...) }
	if err := os.MkdirAll(in("data", "rose"), 0o777); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"alias": "data", "rose": filepath.Join("data", "rose"),
		"out": "elsewhere"} {
		links.Make(t, to, in(link))
	}
	for _, c := range []struct {
		dir, path string
		want      []string
		ok        bool
	}{
		{in("data"), in("data"), nil, true},
		{in("data"), in("data", "run"), []string{"run"}, true},
		{in("data"), in("data", "rose", "a", "b"), []string{"rose", "a", "b"}, true},
		{in("data"), in("alias", "run"), []string{"run"}, true},
		{in("alias"), in("data", "run"), []string{"run"}, true},
		{in("data"), in("rose", "run"), []string{"rose", "run"}, true},
		{in("data"), in("rose"), []string{"rose"}, true},
		{in("data", "rose"), in("data", "run"), nil, false},
		{in("data"), in("database"), nil, false},
		{in("data"), in("out", "run"), nil, false}, // a link to what is not there
		{in("data"), root, nil, false},
		{in("data"), in("data", "..", "run"), nil, false},
		{in("none"), in("none", "run"), nil, false},
	} {
		got, ok := Inside(c.dir, c.path)
		if ok != c.ok || ok && !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: %q, %t, want %q, %t", c.path, c.dir, got, ok, c.want, c.ok)
		}
	}
	t.Chdir(in("data"))
	if got, ok := Inside(".", filepath.Join("runs", "1")); !ok || !slices.Equal(got, []string{"runs", "1"}) {
		t.Errorf("in the working directory: %q, %t", got, ok)
	}
	file := in("data", "a.png")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, ok := Inside(file, file); ok {
		t.Error("a file is a folder with itself inside")
	}
}

func TestInsideErrorNamesAnotherPlace(t *testing.T) {
	for _, c := range []struct{ dir, path, says, hint string }{
		{"photos", filepath.Join("photos", "run"), " is inside photos: ", filepath.Join("runs", "run")},
		{"photos", "photos", "photos is the folder of images itself: ", "runs"},
		{".", filepath.Join("runs", "a"), " is inside .: ", filepath.Join("..", "runs", "a")},
	} {
		e := &InsideError{Path: c.path, Dir: c.dir}
		if !strings.Contains(e.Error(), c.says) || !strings.HasSuffix(e.Hint(), "such as "+c.hint) {
			t.Errorf("%v; %s", e, e.Hint())
		}
	}
}
