package shard

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/train/permanent"
)

// refused wants an error that a retry does not mend.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var p *permanent.Error
	if !errors.As(err, &p) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a permanent error with %q", err, want)
	}
}

func TestPicturesThatChangedAreNoticed(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"SHA-256": func(path string) error { return os.WriteFile(path, []byte(png+"yy"), 0o644) },
		"more than 10 bytes": func(path string) error {
			return os.WriteFile(path, []byte(png+"xxxxx"), 0o644)
		},
		"got 8 bytes":  func(path string) error { return os.WriteFile(path, []byte(png), 0o644) },
		"no such file": os.Remove,
		"no regular file": func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o755))
		},
	} {
		dir := album(t, 6)
		m := opened(t, manifest(t, named(dir), ListOptions{}))
		if err := change(filepath.Join(dir, "2", "2.png")); err != nil {
			t.Fatal(err)
		}
		w := prediction(m, t.TempDir(), Shard{0, 1}, answers.JSON)
		_, err := Run(t.Context(), w)
		refused(t, err, "2.png: changed since it was listed: got ")
		refused(t, err, name)
		w.AllowChanged = true
		o, err := Run(t.Context(), w)
		if err != nil || o.Failed != 1 || o.Already != 3 {
			t.Errorf("%s: got %+v, %v, want one without an answer", name, o, err)
		}
	}
}

func TestWithoutHashesSizesAreCompared(t *testing.T) {
	dir := album(t, 6)
	m := opened(t, manifest(t, named(dir), ListOptions{NoHash: true}))
	put(t, filepath.Join(dir, "2", "2.png"), png+"yy")
	w := prediction(m, t.TempDir(), Shard{0, 1}, answers.JSON)
	if _, err := Run(t.Context(), w); err != nil {
		t.Error(err)
	}
	put(t, filepath.Join(dir, "2", "2.png"), png)
	w.Dir = t.TempDir()
	_, err := Run(t.Context(), w)
	refused(t, err, "got 8 bytes")
}

func TestManifestsThatChangedAreRefused(t *testing.T) {
	whole := get(t, manifest(t, named(album(t, 6)), ListOptions{}))
	lines := strings.SplitAfter(whole, "\n")
	for want, text := range map[string]string{
		"cut short":                   whole[:len(whole)-30],
		"its last line is no sum":     "",
		"got 6 pictures":              strings.Replace(whole, "2.png", "3.png", 1),
		"got 5 pictures":              strings.Join(append(lines[:2:2], lines[3:]...), ""),
		"its first line is no header": strings.Join(lines[1:], ""),
		"got version 2":               strings.Replace(whole, `manifest":1`, `manifest":2`, 1),
		"is no entry":                 strings.Replace(whole, "2.png", strings.Repeat("x", maxLine), 1),
	} {
		path := filepath.Join(t.TempDir(), "manifest.jsonl")
		put(t, path, text)
		_, err := Open(path)
		refused(t, err, want)
	}
	_, err := Open(t.TempDir())
	refused(t, err, "want a regular file")
}

func TestFoldersOfAnotherJobAreRefused(t *testing.T) {
	m := opened(t, manifest(t, named(album(t, 6)), ListOptions{}))
	other := opened(t, manifest(t, named(album(t, 7)), ListOptions{}))
	out := t.TempDir()
	if _, err := Run(t.Context(), prediction(m, out, Shard{0, 2}, answers.JSON)); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Work){
		"top: got 5, but the folder has noth": func(w *Work) {
			w.Job.Settings = map[string]string{"top": "5"}
		},
		"manifest: got ":               func(w *Work) { w.Manifest = other },
		"number of shards: got 3, ":    func(w *Work) { w.Shard.Count = 3 },
		"model: got a.onnx SHA-256 bb": func(w *Work) { w.Job.Model = "bb" },
		"format: got csv":              func(w *Work) { w.Job.Format = "csv" },
		"command: got eval":            func(w *Work) { w.Job.Kind = Eval },
	} {
		w := prediction(m, out, Shard{1, 2}, answers.JSON)
		change(&w)
		_, err := Run(t.Context(), w)
		refused(t, err, want)
	}
}

func TestDamagedPartsAreNoticed(t *testing.T) {
	m := opened(t, manifest(t, named(album(t, 20)), ListOptions{}))
	for _, name := range []string{"part-00001-of-00002.jsonl", "dead-00001-of-00002.jsonl",
		"part-00001-of-00002.json", JobFile} {
		out := t.TempDir()
		for i := range 2 {
			if _, err := Run(t.Context(), prediction(m, out, Shard{i, 2}, answers.JSON)); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(out, name)
		data := []byte(get(t, path))
		data[len(data)/2] ^= 1
		data[0] ^= 1
		put(t, path, string(data))
		_, err := Merge(t.Context(), out, "")
		refused(t, err, "damaged")
		if name != JobFile {
			_, err = Run(t.Context(), prediction(m, out, Shard{1, 2}, answers.JSON))
			refused(t, err, "damaged")
		}
		for _, never := range []string{"result.jsonl", SuccessFile} {
			if _, err := os.Stat(filepath.Join(out, never)); err == nil {
				t.Errorf("%s is damaged, and %s there", name, never)
			}
		}
	}
}

// A part that lost what its checkpoint says is there is answered again from its start.
func TestACheckpointWithoutItsFileCountsForNothing(t *testing.T) {
	dir := album(t, 20)
	m := opened(t, manifest(t, named(dir), ListOptions{}))
	w := prediction(m, t.TempDir(), Shard{0, 1}, answers.JSON)
	at, _, err := begin(w.Dir, w.Shard, ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(at.part, "a line\n")
	at.Done = 1
	if err := errors.Join(at.save(), at.close()); err != nil {
		t.Fatal(err)
	}
	hidden := at.part.hidden()
	for _, left := range []string{"", "a lime\n", "a lin"} {
		put(t, hidden, left)
		checkpoint := get(t, w.Shard.checkpointPath(w.Dir))
		if _, err := Run(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if got, want := get(t, at.part.final()), plain(t, answers.JSON, dir); got != want {
			t.Errorf("%q was left: got %.100q, want %.100q", left, got, want)
		}
		os.Remove(w.Shard.metaPath(w.Dir))
		put(t, w.Shard.checkpointPath(w.Dir), checkpoint)
	}
}

func TestShardsAreParsed(t *testing.T) {
	for text, want := range map[string]string{"3/16": "", "0/1": "", "16/16": "want 0 to 15",
		"-1/4": "want 0 to 3", "3": "want INDEX/COUNT", "a/b": "want INDEX/COUNT", "0/0": "want 1 to",
		"1/999999999": "want 1 to"} {
		s, err := Parse(text)
		if want == "" && (err != nil || s.String() != text) {
			t.Errorf("%s: got %v, %v", text, s, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	var out bytes.Buffer
	if _, err := List(f.Context(), &out, named(album(f, 3)), ListOptions{}); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	path := filepath.Join(f.TempDir(), "manifest.jsonl")
	f.Fuzz(func(t *testing.T, data []byte) {
		put(t, path, string(data))
		m, err := Open(path)
		if err != nil {
			return
		}
		n := int64(0)
		for _, err := range m.Entries(0, m.Pictures) {
			if err == nil {
				n++
			}
		}
		if n > m.Pictures {
			t.Errorf("got %d entries of %d", n, m.Pictures)
		}
	})
}
