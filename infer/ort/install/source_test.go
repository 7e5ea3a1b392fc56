package install

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestExtractReadsWheels(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.whl")
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, name := range []string{"../../evil.so", "onnxruntime/capi/libonnxruntime.so.1.27.0",
		"onnxruntime/other"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(path, buf.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := extract(path, out, pipCUDA.members[:1]); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) != 1 || entries[0].Name() != "libonnxruntime.so" {
		t.Errorf("got %v, %v", entries, err)
	}
}

func TestEveryPlatformHasHashes(t *testing.T) {
	for _, platform := range []struct{ goos, goarch string }{
		{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "arm64"}, {"windows", "amd64"},
		{"windows", "arm64"},
	} {
		list := sources(platform.goos, platform.goarch, BuildCPU)
		if len(list) == 0 {
			t.Errorf("%v: no source", platform)
		}
		for _, s := range list {
			for _, m := range s.members {
				if len(s.sha256)+len(m.sha256) != sha256.Size*2 {
					t.Errorf("%v: %s: got hashes %q and %q, want one", platform, s.name, s.sha256, m.sha256)
				}
			}
		}
	}
	if got := sources("plan9", "386", BuildCPU); got != nil {
		t.Errorf("plan9: got %v", got)
	}
}

func TestComplaintSkipsErrorCodes(t *testing.T) {
	npm := "npm error code ECONNREFUSED\nnpm error errno ECONNREFUSED\n" +
		"npm error request to http://x failed\n"
	if got := complaint(npm); got != "npm error request to http://x failed" {
		t.Errorf("got %q", got)
	}
}
