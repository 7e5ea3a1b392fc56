package ort

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// The two libraries stand for an onnxruntime of long ago, which does not know
// the bindings' interface, and for one that is something else.
const (
	oldLibrary = `
static const char *version(void) { return "1.20.1"; }
static const void *api(unsigned v) { (void)v; return 0; }
static struct {
	const void *(*api)(unsigned);
	const char *(*version)(void);
} base = { api, version };
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

// TestLibrariesThatCannotBeLoadedAreNamed runs in a process of its own: one that has
// loaded onnxruntime loads no other.
func TestLibrariesThatCannotBeLoadedAreNamed(t *testing.T) {
	const child = "ORT_LOAD_CHILD"
	if os.Getenv(child) == "" {
		command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), child+"=1")
		out, err := command.CombinedOutput()
		switch {
		case strings.Contains(string(out), "--- SKIP"):
			t.Skipf("%s", out)
		case err != nil || !strings.Contains(string(out), "--- PASS"):
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	text := filepath.Join(t.TempDir(), "text.so")
	hello := []byte("hello, I am no library at all, but long enough for a header")
	if err := os.WriteFile(text, hello, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{filepath.Join(t.TempDir(), "none.so"), "none.so: no such file"},
		{t.TempDir(), "not an onnxruntime library: not a file"},
		{text, "text.so: not an onnxruntime library: "},
		{compile(t, otherLibrary), "x.so: not an onnxruntime library: it has no OrtGetApiBase"},
		{compile(t, oldLibrary), "x.so: onnxruntime is too old: want 1.24 or newer"},
	} {
		_, err := Load(install.Library{Path: test.path})
		if err == nil || !strings.Contains(err.Error(), test.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, test.want)
		}
	}
}

// Half a library must not be mapped: that ends the process.
func TestLibrariesThatAreCutShortAreNotLoaded(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux' libraries are looked at")
	}
	path := compile(t, otherLibrary)
	if err := install.CheckSharedLibrary(path); err != nil {
		t.Errorf("the whole library: %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 3, 100, 1000, len(data) / 2, len(data) - 1} {
		if err := os.WriteFile(path, data[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := install.CheckSharedLibrary(path); err == nil {
			t.Errorf("%d of %d bytes: got no error", n, len(data))
		}
	}
	// The table of sections may be at the start: then the segments tell.
	header := slices.Clone(data)
	clear(header[40:48]) // e_shoff
	clear(header[58:64]) // e_shentsize, e_shnum, e_shstrndx
	for _, n := range []int{len(data), len(data) / 8} {
		if err := os.WriteFile(path, header[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := install.CheckSharedLibrary(path); (err == nil) != (n == len(data)) {
			t.Errorf("without sections, %d of %d bytes: got %v", n, len(data), err)
		}
	}
}
