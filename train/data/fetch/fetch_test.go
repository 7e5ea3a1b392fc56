package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

func TestMain(m *testing.M) {
	patience.Pause = time.Millisecond
	os.Exit(m.Run())
}

// tgz is an archive; each entry is a name and its content, a folder where the
// name ends in /.
func tgz(t *testing.T, entries ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e[0], Mode: 0o644, Size: int64(len(e[1])), Typeflag: tar.TypeReg}
		if strings.HasSuffix(e[0], "/") {
			h.Typeflag = tar.TypeDir
		}
		if target, ok := strings.CutPrefix(e[1], "-> "); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, target, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(e[1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func photos(t *testing.T) []byte {
	return tgz(t, [2]string{"photos/", ""}, [2]string{"photos/LICENSE.txt", "free"},
		[2]string{"photos/roses/", ""}, [2]string{"photos/roses/1.jpg", strings.Repeat("rose", 5000)},
		[2]string{"photos/tulips/2.jpg", "tulip"})
}

// server answers with the archive, as f changes it.
func server(t *testing.T, archive []byte, f func(w http.ResponseWriter, r *http.Request) (done bool)) Source {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f == nil || !f(w, r) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive))
		}
	}))
	t.Cleanup(s.Close)
	sum := sha256.Sum256(archive)
	return Source{URL: s.URL + "/photos.tgz", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(archive))}
}

// left lists the files below dir.
func left(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantLeft(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := left(t, dir); !slices.Equal(got, want) {
		t.Errorf("files left: %q, want %q", got, want)
	}
}

var complete = []string{"f/LICENSE.txt", "f/roses/1.jpg", "f/tulips/2.jpg"}

func TestFetch(t *testing.T) {
	tmp := t.TempDir()
	var last, of int64
	src := server(t, photos(t), nil)
	opts := Options{Dir: filepath.Join(tmp, "f") + "/", Progress: func(done, total int64) { last, of = done, total }}
	if err := Fetch(context.Background(), src, opts); err != nil {
		t.Fatal(err)
	}
	wantLeft(t, tmp, complete...)
	if last != src.Size || of != src.Size {
		t.Errorf("progress ended at %d of %d, want %d", last, of, src.Size)
	}
	err := Fetch(context.Background(), src, opts)
	if !errors.Is(err, atomicfile.ErrThere) {
		t.Errorf("again: %v, want %v", err, atomicfile.ErrThere)
	}
	if err := os.WriteFile(filepath.Join(tmp, "f", "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	opts.Force = true
	if err := Fetch(context.Background(), src, opts); err != nil {
		t.Fatal(err)
	}
	wantLeft(t, tmp, complete...)
}

func TestFetchIntoAnEmptyFolder(t *testing.T) {
	tmp := t.TempDir()
	dir := filepath.Join(tmp, "f")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Fetch(context.Background(), server(t, photos(t), nil), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	wantLeft(t, tmp, complete...)
}

// A broken line is taken up where it broke, within one call and in the next.
func TestFetchResumes(t *testing.T) {
	archive := photos(t)
	for _, size := range []bool{true, false} {
		t.Run(fmt.Sprintf("size known %v", size), func(t *testing.T) {
			tmp := t.TempDir()
			var asked []string
			src := server(t, archive, func(w http.ResponseWriter, r *http.Request) bool {
				asked = append(asked, r.Header.Get("Range"))
				if len(asked) > 2 {
					return false
				}
				w.Header().Set("Content-Length", fmt.Sprint(len(archive))) // and then only a part
				if len(asked) == 2 {
					w.Header().Set("Content-Length", fmt.Sprint(len(archive)-50))
					w.Header().Set("Content-Range", fmt.Sprintf("bytes 50-%d/%d", len(archive)-1, len(archive)))
					w.WriteHeader(http.StatusPartialContent)
					w.Write(archive[50:90])
					return true
				}
				w.Write(archive[:50])
				return true
			})
			if !size {
				src.Size = 0
			}
			if err := Fetch(context.Background(), src, Options{Dir: filepath.Join(tmp, "f")}); err != nil {
				t.Fatal(err)
			}
			wantLeft(t, tmp, complete...)
			if want := []string{"", "bytes=50-", "bytes=90-"}; !slices.Equal(asked, want) {
				t.Errorf("asked for %q, want %q", asked, want)
			}
		})
	}
}

func TestFetchGoesOnFromAnEarlierCall(t *testing.T) {
	archive := photos(t)
	for name, tt := range map[string]struct {
		part   []byte
		ranges bool
		asked  []string
	}{
		"a part":             {archive[:70], true, []string{"bytes=70-"}},
		"all of it":          {archive, true, nil},
		"more than it":       {append(slices.Clone(archive), 0), true, []string{""}},
		"of another file":    {bytes.Repeat([]byte("x"), 70), true, []string{"bytes=70-", ""}},
		"server sends whole": {archive[:70], false, []string{"bytes=70-"}},
	} {
		t.Run(name, func(t *testing.T) {
			tmp := t.TempDir()
			var asked []string
			src := server(t, archive, func(w http.ResponseWriter, r *http.Request) bool {
				asked = append(asked, r.Header.Get("Range"))
				if !tt.ranges {
					w.Write(archive)
				}
				return !tt.ranges
			})
			if err := os.WriteFile(filepath.Join(tmp, "f.download"), tt.part, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := Fetch(context.Background(), src, Options{Dir: filepath.Join(tmp, "f")}); err != nil {
				t.Fatal(err)
			}
			wantLeft(t, tmp, complete...)
			if !slices.Equal(asked, tt.asked) {
				t.Errorf("asked for %q, want %q", asked, tt.asked)
			}
		})
	}
}

func TestFetchFailsCleanly(t *testing.T) {
	for name, tt := range map[string]struct {
		archive []byte
		serve   func(w http.ResponseWriter, r *http.Request) bool
		hash    string
		want    string
	}{
		"not there": {want: "404", serve: func(w http.ResponseWriter, r *http.Request) bool {
			http.NotFound(w, r)
			return true
		}},
		"server broken": {want: "500", serve: func(w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, "no", http.StatusInternalServerError)
			return true
		}},
		"other bytes": {hash: strings.Repeat("0", 64), want: "not the archive"},
		"other size": {want: "not the archive that was expected: 5 bytes, want", serve: func(w http.ResponseWriter, r *http.Request) bool {
			w.Write([]byte("hello"))
			return true
		}},
		"not a gzip":       {archive: []byte(strings.Repeat("hello", 9)), want: "archive: gzip"},
		"cut short":        {archive: photos(t)[:100], want: "archive: unexpected EOF"},
		"cut in a file":    {archive: photos(t)[:170], want: "archive: unexpected EOF"},
		"dots":             {archive: tgz(t, [2]string{"photos/../../evil", "x"}), want: "leaves the folder"},
		"absolute":         {archive: tgz(t, [2]string{"/tmp/evil", "x"}), want: "leaves the folder"},
		"backslash":        {archive: tgz(t, [2]string{`photos/..\evil`, "x"}), want: "leaves the folder"},
		"outside":          {archive: tgz(t, [2]string{"evil", "x"}), want: "outside its folder"},
		"link":             {archive: tgz(t, [2]string{"photos/l", "-> /etc"}, [2]string{"photos/l/evil", "x"}), want: "neither a file nor a folder"},
		"twice":            {archive: tgz(t, [2]string{"photos/a", "x"}, [2]string{"photos/a", "y"}), want: "the same name twice"},
		"a file as folder": {archive: tgz(t, [2]string{"photos/a", "x"}, [2]string{"photos/a/b", "y"}), want: "photos/a/b: bad archive: a file where"},
	} {
		t.Run(name, func(t *testing.T) {
			tmp := t.TempDir()
			if tt.archive == nil {
				tt.archive = photos(t)
			}
			src := server(t, tt.archive, tt.serve)
			if tt.hash != "" {
				src.SHA256 = tt.hash
			}
			err := Fetch(context.Background(), src, Options{Dir: filepath.Join(tmp, "f")})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line that says %q", err, tt.want)
			}
			wantLeft(t, tmp)
		})
	}
}

func TestUnpackHasLimits(t *testing.T) {
	files, bytes := maxFiles, maxBytes
	defer func() { maxFiles, maxBytes = files, bytes }()
	for _, set := range []func(){func() { maxFiles = 3 }, func() { maxFiles, maxBytes = files, 100 }} {
		set()
		tmp := t.TempDir()
		err := Fetch(context.Background(), server(t, photos(t), nil), Options{Dir: filepath.Join(tmp, "f")})
		if err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("got %v, want an error about a limit", err)
		}
		wantLeft(t, tmp)
	}
}

func TestFetchIsCancelled(t *testing.T) {
	tmp := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	archive := photos(t)
	src := server(t, archive, func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", fmt.Sprint(len(archive)))
		w.Write(archive[:60])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	err := Fetch(ctx, src, Options{Dir: filepath.Join(tmp, "f"), Progress: func(_, _ int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	wantLeft(t, tmp, "f.download")
}

func TestAServerThatFallsSilentIsGivenUp(t *testing.T) {
	old := patience
	defer func() { patience = old }()
	patience.Stall, patience.Attempts = 50*time.Millisecond, 1
	archive := photos(t)
	src := server(t, archive, func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", fmt.Sprint(len(archive)))
		w.Write(archive[:60])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	err := Fetch(context.Background(), src, Options{Dir: filepath.Join(t.TempDir(), "f")})
	if err == nil || !strings.Contains(err.Error(), "nothing arrived") {
		t.Errorf("got %v, want that nothing arrived", err)
	}
}
