package shard

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
)

// linesOf answers for a shard as another program would: by entries that went through bytes.
func linesOf(t *testing.T, m *Manifest, s Shard) (lines []Line) {
	t.Helper()
	from, to := s.Range(m.Pictures)
	entries := func(yield func(Entry, error) bool) {
		for e, err := range m.Entries(from, to) {
			var line []byte
			if err == nil {
				line, err = e.Encode()
			}
			if err == nil {
				e, err = DecodeEntry(line)
			}
			if !yield(e, err) {
				return
			}
		}
	}
	line := Lines(Answers(answers.Writer{Format: answers.JSON, Top: 2}))
	for a, err := range Stream(t.Context(), entries, madeUp, false) {
		if err != nil {
			t.Fatal(err)
		}
		l, err := line(a)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestLinesOfElsewhereMakeTheSameResult(t *testing.T) {
	dir := album(t, 20)
	odd := dir + "/not\xffutf8.png"
	put(t, odd, png)
	m := opened(t, manifest(t, named(dir), ListOptions{}))
	w := prediction(m, t.TempDir(), Shard{1, 3}, answers.JSON)

	// A process that a scheduler started is killed in shard 1.
	stopped := errors.New("stopped")
	w.Answer = func(ctx context.Context, all iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		return func(yield func(infer.Result, error) bool) {
			n := 0
			for r, err := range madeUp(ctx, all) {
				if n++; n > 3 {
					err = stopped
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
	if _, err := Run(t.Context(), w); !errors.Is(err, stopped) {
		t.Fatalf("got %v, want the error of the engine", err)
	}
	job := w.Job
	if err := job.Claim(w.Dir, m, 3); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		s := Shard{i, 3}
		lines := linesOf(t, m, s)
		_, err := job.WriteLines(w.Dir, s, "cpu", slices.Values(lines[1:]))
		if err == nil || !strings.Contains(err.Error(), "got lines for 6 pictures, want 7") {
			t.Errorf("shard %s without its first line: got %v", s, err)
		}
		if _, err := job.WriteLines(w.Dir, s, "cpu", slices.Values(lines)); err != nil {
			t.Fatal(err)
		}
		again, err := job.WriteLines(w.Dir, s, "cpu", slices.Values([]Line(nil)))
		if err != nil || again.Done != int64(len(lines)) {
			t.Errorf("a shard that is done: got %+v, %v", again, err)
		}
	}
	merged, err := Merge(t.Context(), w.Dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := get(t, merged.Result), plain(t, answers.JSON, dir); got != want {
		t.Errorf("got %.300q, want %.300q", got, want)
	}
	if merged.Failed == 0 || strings.Count(get(t, merged.Dead), "\n") != int(merged.Failed) {
		t.Errorf("got %d dead letters in the facts, and %q", merged.Failed, get(t, merged.Dead))
	}
}

func TestAFolderOfAnotherJobIsNotClaimed(t *testing.T) {
	m := opened(t, manifest(t, named(album(t, 5)), ListOptions{}))
	dir := t.TempDir()
	first, other := Job{Kind: Predict, Model: "aa"}, Job{Kind: Predict, Model: "bb"}
	if err := first.Claim(dir, m, 2); err != nil {
		t.Fatal(err)
	}
	refused(t, other.Claim(dir, m, 2), "has shards of another job: model")
	refused(t, first.Claim(dir, m, 3), "number of shards: got 3, but the folder has 2")
	refused(t, first.Claim(t.TempDir(), m, 0), "got 0 shards")
}
