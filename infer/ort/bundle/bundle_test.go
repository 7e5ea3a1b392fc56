package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// write makes a file, with the folders above it.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(path, []byte(text), 0o755)); err != nil {
		t.Fatal(err)
	}
	return path
}

// contents are small files in place of the real ones.
func contents(t *testing.T) Contents {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return write(t, filepath.Join(dir, name), name) }
	at("photos/red/1.png")
	at("photos/.cache/2.png")
	at("photos/green/.hidden")
	return Contents{Program: at("bin"), Model: at("m.onnx"), Run: []string{at("run/best.ckpt")},
		Libraries: map[string]string{Library: at("ort.so")}, Images: filepath.Join(dir, "photos"),
		Version: "1"}
}

func TestABundleIsReadAsItWasWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	m, err := Write(t.Context(), dir, contents(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range m.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"flowerctl", "images/red/1.png", "lib/libonnxruntime.so", "model.onnx",
		"run/best.ckpt"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	read, err := Read(dir, []string{"best.ckpt"})
	if err != nil || len(read.Files) != len(want) || read.Version != "1" {
		t.Errorf("read %+v, %v", read, err)
	}
	if _, err := Read(dir, []string{"config.json"}); err == nil ||
		!strings.HasSuffix(err.Error(), "lists no run/config.json") {
		t.Errorf("a file of the run that is not listed: got %v", err)
	}
	write(t, filepath.Join(dir, "model.onnx"), "other")
	if err := os.Remove(filepath.Join(dir, "flowerctl")); err != nil {
		t.Fatal(err)
	}
	_, err = Read(dir, nil)
	if err == nil ||
		!strings.HasSuffix(err.Error(), "out is incomplete: 2 of 5 files: flowerctl is missing") {
		t.Errorf("got %v", err)
	}
}

func TestABundleThatFailsLeavesTheOldOne(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "out")
	c := contents(t)
	if _, err := Write(t.Context(), dir, c); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(cancelled, dir, c); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	c.Images = filepath.Join(top, "none")
	if _, err := Write(t.Context(), dir, c); !errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), c.Images) {
		t.Errorf("no images: got %v", err)
	}
	if _, err := Read(dir, nil); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(top); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the folder alone", entries, err)
	}
}

func TestPathsThatLeaveTheFolderAreRefused(t *testing.T) {
	dir := t.TempDir()
	text := `{"sha256": {"flowerctl": "x", "model.onnx": "x", "lib/libonnxruntime.so": "x",
		"images/a": "x", "../y": "x"}}`
	write(t, filepath.Join(dir, ManifestFile), text)
	write(t, filepath.Join(filepath.Dir(dir), "y"), "")
	for _, name := range []string{"flowerctl", "model.onnx", "lib/libonnxruntime.so", "images/a"} {
		write(t, filepath.Join(dir, name), "")
	}
	if _, err := Read(dir, nil); err == nil ||
		!strings.Contains(err.Error(), `path "../y" leaves the folder`) {
		t.Errorf("got %v", err)
	}
}

func TestPartsJoinToTheSameFolder(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	dir := filepath.Join(t.TempDir(), "out")
	m, err := Write(t.Context(), dir, contents(t))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Split(t.Context(), dir, m); err != nil || n != 1 {
		t.Fatalf("got %d parts, %v", n, err)
	}
	script := filepath.Join(dir+".parts", "join.sh")
	if out, err := exec.Command(sh, script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if joined, err := Read(filepath.Join(dir+".parts", "bundle"), nil); err != nil ||
		len(joined.Files) != len(m.Files) {
		t.Errorf("got %+v, %v", joined, err)
	}
}

func TestPartsHaveTheirSize(t *testing.T) {
	dir := t.TempDir()
	p := &partWriter{dir: dir, limit: 4}
	for _, text := range []string{"abc", "", "defghij"} {
		if n, err := p.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("%q: wrote %d, %v", text, n, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"abcd", "efgh", "ij"} {
		got, err := os.ReadFile(filepath.Join(dir, "part-00"+string(rune('0'+i))))
		if string(got) != want {
			t.Errorf("part %d: got %q, %v, want %q", i, got, err, want)
		}
	}
}

func TestSummariesSayWhatAStepFound(t *testing.T) {
	for want, s := range map[string]Step{
		"flowerctl eval: no":    {Exit: 1, Talk: "reading\nflowerctl eval: no\nhint: yes"},
		"last":                  {Exit: 2, Talk: "first\nlast"},
		"accuracy 75.00 % of 8": {Output: json.RawMessage(`{"accuracy": 0.75, "n": 8}`)},
		"batch 4: 2.50 ms, 1600 images/s": {Output: json.RawMessage(
			`{"device": "cpu", "batches": [{"batch": 4, "p50_ms": 2.5, "images_per_s": 1600}]}`)},
		"ort: 7 of 8 the same, logits 3e-07 apart": {Output: json.RawMessage(
			`{"engines": [{"name": "skipped"},
				{"name": "ort", "n": 8, "argmax_equal": 7, "max_rel_diff": 3e-7}]}`)},
		"": {Output: json.RawMessage(`[]`)},
	} {
		if got := s.summary(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var b bytes.Buffer
	r := &Report{Device: "cpu", Steps: []Step{{Name: "eval", Exit: 1, Talk: "a|b"}}}
	if err := r.WriteMarkdown(&b); err != nil ||
		!strings.Contains(b.String(), "# GPU check on cpu: FAILED\n") ||
		!strings.Contains(b.String(), "| eval | 1 | 0.0 | a/b |") {
		t.Errorf("got %v:\n%s", err, b.String())
	}
}

// TestABundleIsNotInItsImages: it would be copied into itself, or take their place.
func TestABundleIsNotInItsImages(t *testing.T) {
	c := contents(t)
	for _, dir := range []string{c.Images, filepath.Join(c.Images, "red", "out")} {
		var inside *atomicfile.InsideError
		if _, err := Write(t.Context(), dir, c); !errors.As(err, &inside) {
			t.Errorf("%s: got %v", dir, err)
		}
	}
	if _, err := os.Stat(filepath.Join(c.Images, "red", "1.png")); err != nil {
		t.Error(err)
	}
}
