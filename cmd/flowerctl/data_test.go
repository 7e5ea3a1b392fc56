package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

// photoServer serves a small archive of photographs.
func photoServer(t *testing.T) (url, hash string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range []string{"photos/roses/1.jpg", "photos/tulips/2.jpg"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 5, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("photo")); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(b.Bytes()) }))
	t.Cleanup(s.Close)
	return s.URL, fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))
}

func TestDataFetchFromAServer(t *testing.T) {
	url, hash := photoServer(t)
	dir := filepath.Join(t.TempDir(), "photos")
	fetch := func(args ...string) (code int, stdout, stderr string) {
		var out, talk bytes.Buffer
		code = program(context.Background(), append([]string{"data", "fetch", dir, "--url", url}, args...), nil, &out, &talk)
		return code, out.String(), talk.String()
	}
	code, stdout, stderr := fetch() // the official archive's hash
	if code != shell.ExitFailed || stdout != "" || !strings.Contains(stderr, "not the archive that was expected") {
		t.Errorf("other bytes: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("other bytes: %s is there (%v)", dir, err)
	}
	code, stdout, stderr = fetch("--sha256", strings.ToUpper(hash))
	if want := fmt.Sprintf("%s: ready; flowerctl train --data %[1]s\n", dir); code != shell.ExitDone || stdout != want {
		t.Errorf("exit %d, stdout %q, want %q; stderr %q", code, stdout, want, stderr)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "tulips", "2.jpg")); err != nil || string(got) != "photo" {
		t.Errorf("tulips/2.jpg: %q, %v", got, err)
	}
	if code, _, _ = fetch("--sha256", hash); code != shell.ExitFailed {
		t.Errorf("again: exit %d, want %d", code, shell.ExitFailed)
	}
	if code, _, _ = fetch("--sha256", hash, "--force"); code != shell.ExitDone {
		t.Errorf("again with --force: exit %d, want %d", code, shell.ExitDone)
	}
}
