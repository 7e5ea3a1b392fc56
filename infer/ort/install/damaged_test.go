package install

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestADamagedInstallationIsReplaced(t *testing.T) {
	archive := release(t)
	for name, damage := range map[string]struct {
		file, text, said string
	}{
		"library": {libraryName(), "changed", "as installed: installing it again"},
		"manifest": {manifest, "",
			"installed.json: damaged: unexpected end of JSON input: installing it again"},
		"empty": {manifest, "{}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in, downloads := mirror(t, archive, sum(archive))
			l, err := Run(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			damaged := filepath.Join(filepath.Dir(l.Path), damage.file)
			if err := os.WriteFile(damaged, []byte(damage.text), 0o644); err != nil {
				t.Fatal(err)
			}
			in.Offline = true
			if _, err := Run(t.Context(), in); err == nil ||
				!strings.Contains(err.Error(), "the network is not to be used") {
				t.Errorf("offline: got %v", err)
			}
			var said []string
			in.Offline, in.Log = false, func(line string) { said = append(said, line) }
			l, err = Run(t.Context(), in)
			if err != nil || downloads.Load() != 2 {
				t.Fatalf("%v, %d downloads, want 2", err, downloads.Load())
			}
			if !strings.Contains(strings.Join(said, "\n"), damage.said) {
				t.Errorf("said %q, want %q", said, damage.said)
			}
			if err := errors.Join(l.Verify(), l.CheckSizes()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInstallingAgainOfflineSaysThatItIsThere(t *testing.T) {
	archive := release(t)
	in, _ := mirror(t, archive, sum(archive))
	if _, err := Run(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	in.Offline, in.Force = true, true
	if _, err := Run(t.Context(), in); err == nil || !strings.Contains(err.Error(), "already") ||
		errors.Is(err, ErrNotInstalled) {
		t.Errorf("got %v", err)
	}
}

// A manifest from before sizes were recorded is good.
func TestManifestsWithoutSizesAreRead(t *testing.T) {
	archive := release(t)
	in, downloads := mirror(t, archive, sum(archive))
	l, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	l.Sizes = nil
	if err := writeManifest(filepath.Dir(l.Path), l); err != nil {
		t.Fatal(err)
	}
	if l, err = Run(t.Context(), in); err != nil || downloads.Load() != 1 || l.CheckSizes() != nil {
		t.Errorf("%v, %d downloads, want 1", err, downloads.Load())
	}
}

func TestInstalledLibrariesHaveTheirLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.so")
	if err := os.WriteFile(path, []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := Library{Path: path, Sizes: map[string]int64{"x.so": 6}}.CheckSizes()
	if err == nil || !strings.Contains(err.Error(), "x.so: got 5 bytes, want 6 as installed") {
		t.Errorf("got %v", err)
	}
}
