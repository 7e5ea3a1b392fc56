package data

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestShardsThatAreNotThereAreNoFolder: what is missing or empty is named.
func TestShardsThatAreNotThereAreNoFolder(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct{ name, says, hint string }{
		{"gone.tar", "gone.tar: no such file", "shards are"},
		{"gone.tar.gz", "gone.tar.gz: no such file", "shards are"},
		{"none/gone.zip", "gone.zip: no such file", "there is no folder " + in("none")},
	} {
		_, err := Scan(t.Context(), in(c.name), ScanOptions{})
		wantError(t, err, "data "+in(c.name)+": no such file")
		wantHint(t, err, c.hint)
	}
	shard(t, in("a.tar"), file{"notes.txt", "x"})
	shard(t, in("b.tar"), file{"1.jpg", "#1"}, file{"1.cls", "a"}, file{"2.jpg", "#2"}, file{"2.cls", "b"})
	_, err := Scan(t.Context(), in("gone.tar"), ScanOptions{})
	wantHint(t, err, "there are "+in("a.tar")+", "+in("b.tar"))
	_, err = Scan(t.Context(), in("{0..9}.tar"), ScanOptions{})
	wantHint(t, err, "a pattern has *, ? or [0-9], as in "+in("*.tar"))

	_, err = Scan(t.Context(), in("a.tar"), ScanOptions{})
	wantError(t, err, "no picture with a label in 1 shard (a.tar: no picture in it)")
	wantEqual(t, "problems", problems(scan(t, dir)), []string{"empty:a.tar"})

	shard(t, in("b.tar"), file{"1.jpg", "#1"}, file{"1.cls", "a"})
	_, err = Scan(t.Context(), in("b.tar"), ScanOptions{})
	wantError(t, err, `only one label, "a"`)
	wantHint(t, err, `those without it have KEY.json with "labels": []`)
}

func wantHint(t *testing.T, err error, want string) {
	t.Helper()
	if got := hintOf(err); !strings.Contains(got, want) {
		t.Errorf("%v: the hint is %q, want %q", err, got, want)
	}
}

// TestAProblemSaysWhereAndWhy, and leaves it to others what becomes of it.
func TestAProblemSaysWhereAndWhy(t *testing.T) {
	for reason, want := range map[string]string{"a link, left out": "a link", "no label: left out": "no label",
		"image cut short": "image cut short"} {
		got := Problem{"a/1.png", Unreadable, reason}.In("photos").Error()
		if got != filepath.Join("photos", "a", "1.png")+": "+want {
			t.Errorf("got %q", got)
		}
	}
}
