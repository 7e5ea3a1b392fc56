package shard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/pictures"
)

var labels = []string{"rose", "tulip"}

// png is as much of a picture as [imageprep.Recognize] looks at.
const png = "\x89PNG\r\n\x1a\n"

// madeUp answers without a network: from the file's bytes, which it reads. Every seventh
// picture is a bad one.
func madeUp(_ context.Context, all iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
	return func(yield func(infer.Result, error) bool) {
		for p := range all {
			r := infer.Result{Picture: p, Err: p.Err}
			if p.Reader != nil {
				var data bytes.Buffer
				if _, err := data.ReadFrom(p.Reader); err != nil {
					r.Err = fmt.Errorf("%s: %w", p.Name, err)
				} else if data.Len()%7 == 0 {
					r.Err = fmt.Errorf("%s: image cut short", p.Name)
				}
				share := float32(data.Len()%89) / 89
				r.Answer = infer.NewAnswers(labels, []float32{share, 1 - share})[0]
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// album is a folder of n pictures of different sizes, and a file that is none.
func album(t testing.TB, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "photos")
	for i := range n {
		put(t, filepath.Join(dir, fmt.Sprint(i%5), fmt.Sprintf("%d.png", i)),
			png+strings.Repeat("x", i))
	}
	put(t, filepath.Join(dir, "notes.txt"), "notes")
	return dir
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// named are the sources that arguments mean.
func named(names ...string) iter.Seq[Source] {
	return func(yield func(Source) bool) {
		for p := range pictures.List(pictures.Arguments{Names: names}) {
			if !yield(Source{Picture: p}) {
				return
			}
		}
	}
}

// manifest lists sources into a file.
func manifest(t testing.TB, sources iter.Seq[Source], o ListOptions) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := List(t.Context(), &out, sources, o); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "manifest.jsonl")
	put(t, path, out.String())
	return path
}

func opened(t testing.TB, path string) *Manifest {
	t.Helper()
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// prediction is a shard's work.
func prediction(m *Manifest, dir string, s Shard, format answers.Format) Work {
	return Work{Manifest: m, Shard: s, Dir: dir, Answer: madeUp, Device: "cpu",
		Job:    Job{Kind: Predict, Format: string(format), Model: "aa", Name: "a.onnx"},
		Writer: Answers(answers.Writer{Format: format, Top: 2})}
}

// plain is what one run without shards writes, as `flowerctl predict` does it.
func plain(t *testing.T, format answers.Format, names ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := answers.Writer{W: &out, Format: format, Top: 2}
	list := pictures.List(pictures.Arguments{Names: names})
	for p := range list {
		data, err := os.ReadFile(p.Name)
		if err != nil && p.Err == nil {
			p.Err = fmt.Errorf("%s: %w", p.Name, bare(err))
		}
		if strings.HasSuffix(p.Name, ".txt") { // none is named by itself here
			continue
		}
		p.Reader = bytes.NewReader(data)
		if p.Err != nil {
			p.Reader = nil
		}
		for r := range madeUp(t.Context(), slices.Values([]infer.Picture{p})) {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.String()
}

func TestShardsMergeToWhatOneRunWrites(t *testing.T) {
	dir := album(t, 7) // fewer pictures than the most shards
	names := []string{filepath.Join(dir, "3"), dir, filepath.Join(dir, "gone.png")}
	put(t, filepath.Join(dir, "3", "line\nbreak \xe4.png"), png)
	for _, format := range []answers.Format{answers.JSON, answers.CSV} {
		for _, n := range []int{1, 4, 13} {
			m := opened(t, manifest(t, named(names...), ListOptions{}))
			out := filepath.Join(t.TempDir(), "out")
			for i := range n {
				w := prediction(m, out, Shard{n - 1 - i, n}, format)
				if _, err := Run(t.Context(), w); err != nil {
					t.Fatal(err)
				}
			}
			merged, err := Merge(t.Context(), out, "")
			if err != nil {
				t.Fatal(err)
			}
			if got, want := get(t, merged.Result), plain(t, format, names...); got != want {
				t.Errorf("%s, %d shards: got %.200q, want %.200q", format, n, got, want)
			}
			if got, want := get(t, merged.Dead), "image cut short"; !strings.Contains(got, want) ||
				int64(strings.Count(got, "\n")) != merged.Failed {
				t.Errorf("got dead letters %.200q, want %d with %s", got, merged.Failed, want)
			}
			get(t, filepath.Join(out, SuccessFile))
		}
	}
}

func TestRangesFollowOneAnother(t *testing.T) {
	for _, pictures := range []int64{0, 1, 15, 16, 17, 1e15 + 7} {
		for _, n := range []int{1, 2, 16, maxShards} {
			end := int64(0)
			for i := range n {
				from, to := Shard{i, n}.Range(pictures)
				if from != end || to < from || to-from > pictures/int64(n)+1 {
					t.Fatalf("shard %d/%d of %d: got %d to %d after %d", i, n, pictures, from, to, end)
				}
				end = to
			}
			if end != pictures {
				t.Errorf("%d shards of %d end at %d", n, pictures, end)
			}
		}
	}
}

func TestAShardThatIsDoneIsSkipped(t *testing.T) {
	m := opened(t, manifest(t, named(album(t, 20)), ListOptions{}))
	w := prediction(m, t.TempDir(), Shard{1, 2}, answers.JSON)
	first, err := Run(t.Context(), w)
	if err != nil || first.Done != 10 || first.Already != 0 {
		t.Fatalf("got %+v, %v, want 10 pictures", first, err)
	}
	w.Answer = func(context.Context, iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		t.Error("it is answered again")
		return nil
	}
	second, err := Run(t.Context(), w)
	if err != nil || second.Already != 10 || second.Part != first.Part {
		t.Errorf("got %+v, %v, want what was done", second, err)
	}
	_, err = Merge(t.Context(), w.Dir, "")
	var missing *IncompleteError
	if !errors.As(err, &missing) || missing.N != 1 || !slices.Equal(missing.Missing, []int{0}) {
		t.Errorf("got %v, want that shard 0 is missing", err)
	}
}

// What was answered for when a shard was interrupted is not answered again.
func TestAnInterruptedShardGoesOn(t *testing.T) {
	dir := album(t, 40)
	m := opened(t, manifest(t, named(dir), ListOptions{}))
	w := prediction(m, t.TempDir(), Shard{0, 1}, answers.CSV)
	w.Every = time.Hour
	stop := errors.New("stop")
	asked := 0
	w.Answer = func(ctx context.Context, all iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		return func(yield func(infer.Result, error) bool) {
			n := 0
			for r, err := range madeUp(ctx, all) {
				if n++; n > 15 {
					yield(infer.Result{}, stop)
					return
				}
				asked++
				if !yield(r, err) {
					return
				}
			}
		}
	}
	for range 2 {
		if _, err := Run(t.Context(), w); !errors.Is(err, stop) {
			t.Fatalf("got %v, want the error of the engine", err)
		}
	}
	status, err := ReadStatus(w.Dir)
	if err != nil || status.Done != 0 || !slices.Equal(status.Begun, []int{0}) || status.Answered != 30 {
		t.Errorf("got %+v, %v, want shard 0 with 30 pictures", status, err)
	}
	var heard [][3]int64
	w.Watch = func(done, failed, of int64) { heard = append(heard, [3]int64{done, failed, of}) }
	last, err := Run(t.Context(), w)
	if err != nil || last.Already != 30 || last.Done != 40 || asked != 40 {
		t.Fatalf("got %+v, %v after %d questions, want 40 after 40", last, err, asked)
	}
	if len(heard) != 11 || heard[0][0] != 30 || heard[10] != [3]int64{40, last.Failed, 40} {
		t.Errorf("heard %v, want what was there, and after each picture", heard)
	}
	merged, err := Merge(t.Context(), w.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := get(t, merged.Result), plain(t, answers.CSV, dir); got != want {
		t.Errorf("got %.200q, want %.200q", got, want)
	}
}

func TestOneProcessAnswersAShard(t *testing.T) {
	m := opened(t, manifest(t, named(album(t, 5)), ListOptions{}))
	w := prediction(m, t.TempDir(), Shard{0, 1}, answers.JSON)
	inner := w
	w.Answer = func(ctx context.Context, all iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		var busy *BusyError
		if _, err := Run(ctx, inner); !errors.As(err, &busy) {
			t.Errorf("got %v, want that the shard is taken", err)
		}
		return madeUp(ctx, all)
	}
	if _, err := Run(t.Context(), w); err != nil {
		t.Error(err)
	}
}

func TestDeadLettersNameTheReason(t *testing.T) {
	dir := album(t, 8)
	m := opened(t, manifest(t, named(dir, "gone.png"), ListOptions{}))
	out := t.TempDir()
	o, err := Run(t.Context(), prediction(m, out, Shard{0, 1}, answers.JSON))
	if err != nil || o.Failed != 2 { // of 14 bytes, and gone.png
		t.Fatalf("got %+v, %v, want 2 without an answer", o, err)
	}
	var letters []deadLetter
	for line := range strings.Lines(get(t, filepath.Join(out, o.Dead.File))) {
		var l deadLetter
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		letters = append(letters, l)
	}
	want := []deadLetter{{filepath.Join(dir, "1", "6.png"), "image cut short"},
		{"gone.png", "no such file or directory"}}
	if !slices.Equal(letters, want) {
		t.Errorf("got %v, want %v", letters, want)
	}
}
