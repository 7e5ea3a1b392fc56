package install

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// library is what the archives of these tests hold.
const library = "not really a library"

// entry is a file in an archive.
type entry struct {
	name, body string
	kind       byte
}

func tgz(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	zipped := gzip.NewWriter(&buf)
	w := tar.NewWriter(zipped)
	for _, e := range entries {
		header := tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.body)), Mode: 0o644}
		if e.kind == tar.TypeSymlink {
			header.Linkname, header.Size = e.body, 0
		}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if e.kind == tar.TypeReg {
			if _, err := w.Write([]byte(e.body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// release is an archive as the official ones are, links and all.
func release(t *testing.T) []byte {
	return tgz(t,
		entry{"onnxruntime-x/", "", tar.TypeDir},
		entry{"onnxruntime-x/lib/libonnxruntime.so", "libonnxruntime.so.1", tar.TypeSymlink},
		entry{"onnxruntime-x/lib/libonnxruntime.so.1.27.0", library, tar.TypeReg},
		entry{"onnxruntime-x/LICENSE", "free", tar.TypeReg},
	)
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// mirror serves an archive; the source wants it to have the given hash. The
// cache is empty and the test's own.
func mirror(t *testing.T, archive []byte, hash string) (in Options, downloads *atomic.Int32) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv(EnvLibrary, "")
	downloads = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		downloads.Add(1)
		if r.URL.Path != "/ort.tgz" {
			http.NotFound(w, r)
			return
		}
		w.Write(archive)
	}))
	t.Cleanup(server.Close)
	return Options{Mirror: server.URL, from: []source{{
		name: "test", archive: "ort.tgz", sha256: hash, fetch: fetchURL,
		members: []member{{path: "lib/libonnxruntime.so.1.27.0", name: libraryName()}},
	}}}, downloads
}

// left is what the cache holds besides locks.
func left(t *testing.T) []string {
	t.Helper()
	dir, err := CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".lock") {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestInstallPutsTheLibraryInPlace(t *testing.T) {
	archive := release(t)
	in, downloads := mirror(t, archive, sum(archive))
	if _, err := Find(BuildCPU); !errors.Is(err, ErrNotInstalled) {
		t.Fatalf("before: got %v, want ErrNotInstalled", err)
	}
	var done int64
	in.Progress = func(n, _ int64) { done = n }
	l, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(l.Path); err != nil || string(got) != library {
		t.Errorf("got %q, %v", got, err)
	}
	if done != int64(len(archive)) {
		t.Errorf("progress ended at %d of %d bytes", done, len(archive))
	}
	found, err := Find(BuildCPU)
	if err != nil || found.Path != l.Path || found.Source != "test" || found.Version != Version {
		t.Errorf("found %+v, %v", found, err)
	}
	if err := found.Verify(); err != nil {
		t.Error(err)
	}
	if got := left(t); !slices.Equal(got, []string{Version}) {
		t.Errorf("left %q", got)
	}

	if _, err := Run(t.Context(), in); err != nil || downloads.Load() != 1 {
		t.Errorf("again: %v, %d downloads, want 1", err, downloads.Load())
	}
	in.Offline = true
	if _, err := Run(t.Context(), in); err != nil {
		t.Errorf("offline, and installed: %v", err)
	}
	in.Offline, in.Force = false, true
	if _, err := Run(t.Context(), in); err != nil || downloads.Load() != 2 {
		t.Errorf("forced: %v, %d downloads, want 2", err, downloads.Load())
	}

	if err := os.WriteFile(l.Path, []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := found.Verify(); err == nil {
		t.Error("a changed library passes")
	}
	if err := os.Remove(l.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(BuildCPU); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("with the library gone: got %v, want ErrNotInstalled", err)
	}
}

func TestWhatCannotBeInstalledLeavesNothing(t *testing.T) {
	good := release(t)
	other := tgz(t, entry{"x/README", "no library here", tar.TypeReg})
	link := tgz(t, entry{"x/lib/libonnxruntime.so.1.27.0", "/etc/passwd", tar.TypeSymlink})
	for name, test := range map[string]struct {
		archive []byte
		hash    string
		want    string
	}{
		"another hash": {good, sum(other),
			"ort.tgz: got SHA-256 " + sum(good) + ", want " + sum(other)},
		"cut short": {good[:len(good)/2], sum(good[:len(good)/2]), "unexpected EOF"},
		"not an archive": {[]byte("<html>not found</html>"),
			sum([]byte("<html>not found</html>")), "ort.tgz: gzip: invalid header"},
		"nothing inside":       {other, sum(other), "got 0 of the 1 libraries"},
		"a link for a library": {link, sum(link), "got 0 of the 1 libraries"},
	} {
		t.Run(name, func(t *testing.T) {
			in, _ := mirror(t, test.archive, test.hash)
			_, err := Run(t.Context(), in)
			if err == nil || !strings.Contains(err.Error(), test.want) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, test.want)
			}
			if got := left(t); len(got) > 0 {
				t.Errorf("left %q", got)
			}
		})
	}
}

func TestInstallGoesOnToTheNextSource(t *testing.T) {
	archive := release(t)
	in, _ := mirror(t, archive, sum(archive))
	bad := in.from[0]
	bad.name, bad.archive = "first", "missing.tgz"
	in.from = append([]source{bad}, in.from...)
	var log []string
	in.Log = func(line string) { log = append(log, line) }
	if l, err := Run(t.Context(), in); err != nil || l.Source != "test" {
		t.Fatalf("got %+v, %v", l, err)
	}
	if all := strings.Join(log, "\n"); !strings.Contains(all, "first: ") ||
		!strings.Contains(all, "404 Not Found") {
		t.Errorf("the log does not say what failed:\n%s", all)
	}
}

func TestInstallOfflineUsesNoNetwork(t *testing.T) {
	archive := release(t)
	in, downloads := mirror(t, archive, sum(archive))
	in.Offline = true
	if _, err := Run(t.Context(), in); !errors.Is(err, ErrNotInstalled) || downloads.Load() != 0 {
		t.Errorf("got %v and %d downloads", err, downloads.Load())
	}
}

func TestAServerThatFallsSilentIsGivenUp(t *testing.T) {
	old := patience
	patience.Stall = 50 * time.Millisecond
	defer func() { patience = old }()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("some"))
		w.(http.Flusher).Flush()
		<-release
	}))
	defer server.Close()
	defer close(release)
	_, err := fetchURL(t.Context(), &Options{Mirror: server.URL}, source{archive: "x"}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "nothing arrived for 50ms") {
		t.Errorf("got %v", err)
	}
}
