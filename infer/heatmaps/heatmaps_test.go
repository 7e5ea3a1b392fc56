package heatmaps

import (
	"strings"
	"testing"
)

func TestNamesAreDifferentAndShort(t *testing.T) {
	f, err := Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, label, want string }{
		{"a/red.png", "red", "red.png.red.png"},
		{"b/red.png", "red", "red.png-2.red.png"},
		{"c/red.png-3", "red", "red.png-3.red.png"},
		{"d/red.png", "red", "red.png-4.red.png"}, // -3 is another picture's
		{"-", `a/b:"c"`, "stdin.a_b__c_.png"},
	} {
		if got := f.file(c.path, c.label); got != c.want {
			t.Errorf("%s: got %s, want %s", c.path, got, c.want)
		}
	}
	long := strings.Repeat("ü", 300)
	for range 2 {
		if got := f.file(long, long); len(got) > 230 || strings.Contains(got, "\ufffd") {
			t.Errorf("got %d bytes: %s", len(got), got)
		}
	}
}
