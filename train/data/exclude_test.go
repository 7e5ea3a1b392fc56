package data

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExclusionReadsListsOfPeopleAndPrograms(t *testing.T) {
	want := []string{"rose/a,b.jpg", "tulip/1.jpg"}
	for name, text := range map[string]string{
		"comma":       "path,reason\n\"rose/a,b.jpg\",blurred\ntulip/1.jpg,\n",
		"semicolon":   "\xef\xbb\xbfreason;Path\r\nblurred;rose/a,b.jpg\r\n;tulip/1.jpg\r\n",
		"tab":         "path\treason\nrose/a,b.jpg\tblurred\ntulip/1.jpg\n",
		"one column":  "path\n\"rose/a,b.jpg\"\ntulip/1.jpg\n",
		"no header":   "rose/a,b.jpg\n\ntulip/1.jpg\ntulip/1.jpg",
		"other slash": ".\\rose\\a,b.jpg\n./tulip//1.jpg\n",
		"UTF-16":      utf16LE("path,reason\n\"rose/a,b.jpg\",\ntulip/1.jpg,\n"),
	} {
		file := filepath.Join(t.TempDir(), "list.csv")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		e, err := ReadExclusion(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, p := range want {
			if _, ok := e.find(p); !ok {
				t.Errorf("%s: %s is not listed; there are %q", name, p, e.names)
			}
		}
		if e.Len() != 2 {
			t.Errorf("%s: got %q, want 2 names", name, e.names)
		}
	}
	if _, err := newExclusion("reason,path\nblurred\n"); err == nil ||
		!strings.Contains(err.Error(), "row 2 has 1 columns, want the path in column 2") {
		t.Errorf("a row without a path: got %v", err)
	}
}

// utf16LE is text of ASCII in UTF-16 with a mark.
func utf16LE(text string) string {
	out := []byte("\xff\xfe")
	for _, c := range []byte(text) {
		out = append(out, c, 0)
	}
	return string(out)
}

func TestScanLeavesOutWhatIsExcluded(t *testing.T) {
	some := string(pngOf(t, 1))
	dir := folder(t, map[string]string{
		"rose/1.png": some, "rose/in/2.png": some, "tulip/1.png": some, "weed/1.png": some,
		"tulip/bad.jpg": "no picture", "tulip/e\u0301.png": some, // é in two characters
	})
	e, err := newExclusion("rose/in/2.png\ntulip/bad.jpg\ntulip/\u00e9.png\nweed/1.png\nrose/gone.png\n")
	if err != nil {
		t.Fatal(err)
	}
	e.File = "list.csv"
	set, err := Scan(context.Background(), dir, ScanOptions{Strict: true, Exclude: e})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "images", paths(set), []string{"rose:rose/1.png:", "tulip:tulip/1.png:"})
	if len(set.Problems) != 1 || set.Problems[0].String() !=
		"weed: all its images are left out by list.csv, not a class" {
		t.Errorf("got problems %v, want that of weed alone", set.Problems)
	}
	if set.Excluded != 4 || !slices.Equal(set.NotFound, []string{"rose/gone.png"}) {
		t.Errorf("got %d left out and %q not found, want 4 and rose/gone.png", set.Excluded, set.NotFound)
	}
}

// TestExclusionTakesThePathsOfFind: find photos gives photos/rose/1.png, and find /data
// absolute ones.
func TestExclusionTakesThePathsOfFind(t *testing.T) {
	some := string(pngOf(t, 1))
	dir := folder(t, map[string]string{"rose/1.png": some, "rose/2.png": some, "tulip/1.png": some,
		"tulip/3.png": some})
	t.Chdir(filepath.Dir(dir))
	base := filepath.Base(dir)
	e, err := newExclusion(filepath.Join(dir, "rose", "2.png") + "\n./" + base + "/tulip/3.png\n")
	if err != nil {
		t.Fatal(err)
	}
	set, err := Scan(context.Background(), base, ScanOptions{Exclude: e})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "images", paths(set), []string{"rose:rose/1.png:", "tulip:tulip/1.png:"})
	if set.Excluded != 2 || len(set.NotFound) > 0 {
		t.Errorf("got %d left out and %q not found, want 2 and none", set.Excluded, set.NotFound)
	}
}
