package ort

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

func TestTheLoadedLibraryComputes(t *testing.T) {
	l := load(t)
	if err := SelfTest(t.Context()); err != nil {
		t.Error(err)
	}
	s := StatusOf(install.BuildCPU)
	if !s.Installed || s.Err != nil || s.Error != "" || s.Path != l.Path || s.Version != l.Version ||
		s.Wanted != install.Version {
		t.Errorf("got %+v, want %+v", s, l)
	}
}

func TestStatusSaysWhatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.so")
	t.Setenv(install.EnvLibrary, path)
	if s := StatusOf(install.BuildCPU); !s.Installed || s.Path != path || s.Err == nil ||
		s.Error != s.Err.Error() {
		t.Errorf("a library that is not there: got %+v", s)
	}
	t.Setenv(install.EnvLibrary, "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if s := StatusOf(install.BuildCUDA); s.Installed || !errors.Is(s.Err, install.ErrNotInstalled) {
		t.Errorf("nothing installed: got %+v", s)
	}
}
