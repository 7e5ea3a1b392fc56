package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// emptyCache gives the test a cache folder of its own, with no onnxruntime.
func emptyCache(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	t.Setenv(install.EnvLibrary, "")
	return dir
}

func TestMemoryIsNotedWhereItIsLow(t *testing.T) {
	for _, x := range []struct {
		free   int64
		known  bool
		state  State
		reason Reason
	}{
		{8 << 30, true, Well, None},
		{1 << 30, true, Well, None},
		{1<<30 - 1, true, Noted, MemoryLow},
		{0, false, Noted, None},
	} {
		if f := memory(x.free, x.known); f.State != x.state || f.Reason != x.reason {
			t.Errorf("%d bytes, %v: got %+v", x.free, x.known, f)
		}
	}
}

func TestNothingInstalled(t *testing.T) {
	dir := emptyCache(t)
	f := Runtime(t.Context(), ort.Device{})
	if f.State != Failed || f.Reason != RuntimeBroken || !errors.Is(f.Err, install.ErrNotInstalled) {
		t.Errorf("onnxruntime: got %+v", f)
	}
	f = Cache(false)
	if f.Reason == None && f.State != Well || !strings.HasPrefix(f.Detail, dir) {
		t.Errorf("cache: got %+v", f)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", "*", "*")); err != nil || left != nil {
		t.Errorf("the cache holds %q, %v", left, err)
	}
}

func TestACacheFolderThatCannotBeMade(t *testing.T) {
	dir := emptyCache(t)
	if err := os.WriteFile(filepath.Join(dir, "flowerctl"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for usable, want := range map[bool]State{false: Failed, true: Noted} {
		if f := Cache(usable); f.State != want || f.Reason != CacheForbidden || f.Err == nil {
			t.Errorf("usable %v: got %+v", usable, f)
		}
	}
}

func TestModelsThatAreNotThere(t *testing.T) {
	m := Model{Path: filepath.Join(t.TempDir(), "m.onnx"), From: ", from a test"}
	if f := m.Examine(false); f.State != Failed || f.Reason != ModelBroken ||
		!errors.Is(f.Err, os.ErrNotExist) {
		t.Errorf("named: got %+v", f)
	}
	m.Optional = true
	if f := m.Examine(false); f.State != Noted || f.Reason != ModelMissing || f.Err != nil {
		t.Errorf("optional: got %+v", f)
	}
	if err := os.WriteFile(m.Path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if f := m.Examine(false); f.State != Noted || f.Reason != None ||
		!strings.HasPrefix(f.Detail, m.Path+", from a test: not opened") {
		t.Errorf("no onnxruntime: got %+v", f)
	}
}

func TestAGPUThatNobodyAskedForIsOneLine(t *testing.T) {
	emptyCache(t)
	all := GPU(true)
	if all[0].State == Well {
		t.Skip("this machine has a GPU")
	}
	for _, f := range all {
		if f.State == Noted || f.State == Failed &&
			(f.Reason != PartMissing || f.Detail != f.Part.Problem) {
			t.Errorf("asked for: got %+v", f)
		}
	}
	if f := GPU(false); len(f) != 1 || f[0].State != Noted || f[0].Reason != None {
		t.Errorf("not asked for: got %+v", f)
	}
}
