package ort

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The two libraries stand for an onnxruntime of long ago, which does not know
// the bindings' interface, and for one that is something else.
const (
	oldLibrary = `
static const char *version(void) { return "1.20.1"; }
static const void *api(unsigned v) { (void)v; return 0; }
static struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { api, version };
void *OrtGetApiBase(void) { return &base; }`
	otherLibrary = `int answer(void) { return 42; }`
)

func compile(t *testing.T, source string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	dir := t.TempDir()
	c, so := filepath.Join(dir, "x.c"), filepath.Join(dir, "x.so")
	if err := os.WriteFile(c, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", so, c).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return so
}

func TestLibrariesThatCannotBeLoadedAreNamed(t *testing.T) {
	if path := Loaded().Path; path != "" {
		t.Skipf("this process uses %s already", path)
	}
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("hello, I am no library at all, but long enough for a header"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{filepath.Join(t.TempDir(), "none.so"), "none.so: no such file"},
		{t.TempDir(), "not an onnxruntime library: not a file"},
		{text, "text.so: not an onnxruntime library: "},
		{compile(t, otherLibrary), "x.so: not an onnxruntime library: it has no OrtGetApiBase"},
		{compile(t, oldLibrary), "x.so: onnxruntime is too old: want 1.24 or newer"},
	} {
		_, err := Load(Library{Path: test.path})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, test.want)
		}
	}
}
