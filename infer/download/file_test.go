package download

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// known is a file on a server that answers as f says.
func known(
	t *testing.T, data []byte, f func(w http.ResponseWriter, r *http.Request) (done bool),
) File {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if f == nil || !f(w, r) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		}
	})
	sum := sha256.Sum256(data)
	return File{URL: url, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)), Most: 1 << 20,
		Patience: Patience{Limits: patient, Attempts: 3, Pause: time.Millisecond}}
}

var content = []byte(strings.Repeat("hello world ", 1000))

func TestFileGoesOnWhereTheLineBroke(t *testing.T) {
	var asked []string
	f := known(t, content, func(w http.ResponseWriter, r *http.Request) bool {
		asked = append(asked, r.Header.Get("Range"))
		if len(asked) > 1 {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:5000])
		return true
	})
	path := filepath.Join(t.TempDir(), "f")
	if err := f.Fetch(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if len(asked) != 2 || asked[1] != "bytes=5000-" {
		t.Errorf("asked for ranges %q", asked)
	}
}

// TestTheWaitDoubles: each attempt after the second waits twice as long as the one
// before, so that a server that is down is not asked all the time.
func TestTheWaitDoubles(t *testing.T) {
	var asked []time.Time
	f := known(t, content, func(w http.ResponseWriter, r *http.Request) bool {
		asked = append(asked, time.Now())
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		return true
	})
	f.Attempts, f.Pause = 4, 20*time.Millisecond
	if err := f.Fetch(t.Context(), filepath.Join(t.TempDir(), "f")); err == nil {
		t.Fatal("got no error of a server that sends nothing")
	}
	if len(asked) != f.Attempts {
		t.Fatalf("asked %d times, want %d", len(asked), f.Attempts)
	}
	for i, want := 1, f.Pause; i < len(asked); i, want = i+1, 2*want {
		if got := asked[i].Sub(asked[i-1]); got < want {
			t.Errorf("attempt %d came after %v, want %v or more", i+1, got, want)
		}
	}
}

func TestAnotherFileIsRefusedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	for name, change := range map[string]func(*File){
		"size":           func(f *File) { f.Size++ },
		"hash":           func(f *File) { f.SHA256 = strings.Repeat("0", 64) },
		"hash, no size":  func(f *File) { f.SHA256, f.Size = strings.Repeat("0", 64), 0 },
		"hash, with end": func(f *File) { f.SHA256, f.Noun = strings.Repeat("0", 64), "file" },
	} {
		f := known(t, content, nil)
		change(&f)
		path := filepath.Join(dir, name)
		err := f.Fetch(t.Context(), path)
		if !errors.Is(err, ErrOther) ||
			!strings.Contains(err.Error(), "not the file that was expected") {
			t.Errorf("%s: got %v, want %v", name, err, ErrOther)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something is left: %v", name, err)
		}
	}
}

// What an earlier download left may be of another file: it is fetched again.
func TestAPartOfAnotherFileIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := known(t, content, nil).Fetch(t.Context(), path); err != nil {
		t.Fatal(err)
	}
}

func TestAFileHasALargestSize(t *testing.T) {
	f := known(t, content, nil)
	f.Size, f.Most = 0, 100
	if err := f.Fetch(t.Context(), filepath.Join(t.TempDir(), "f")); err == nil ||
		!strings.Contains(err.Error(), "more than 100 bytes") {
		t.Errorf("got %v", err)
	}
}
