package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/bucket"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/train/permanent"
)

// stored is a bucket with n pictures and a file that is none.
func stored(n int) *bucket.Bucket {
	b := &bucket.Bucket{Objects: map[string]string{"p/notes.txt": "notes"}}
	for i := range n {
		b.Objects[fmt.Sprintf("p/%d/%d.png", i%5, i)] = png + strings.Repeat("x", i)
	}
	return b
}

func inBucket(s *objects.Stores) iter.Seq[Source] {
	return func(yield func(Source) bool) {
		for p := range pictures.List(pictures.Arguments{Names: []string{"s3://b/p"}, Objects: s}) {
			if !yield(Source{Picture: p}) {
				return
			}
		}
	}
}

// TestShardsOfABucketAreWhatOneRunAnswers, with ETags and without, and the connection cut.
func TestShardsOfABucketAreWhatOneRunAnswers(t *testing.T) {
	for _, none := range []bool{false, true} {
		b := stored(30)
		b.NoETags = none
		s := b.Stores(t.Context())
		path := manifest(t, inBucket(s), ListOptions{})
		if reads := b.Reads(); !none && reads != 1 { // the notes
			t.Errorf("listing read %d objects", reads)
		}
		if text := get(t, path); strings.Contains(text, "etag") == none || strings.Contains(text, `"sha256":"","`) {
			t.Errorf("ETags %v: %s", !none, text)
		}
		m := opened(t, path)
		out := t.TempDir()
		b.Cut, b.Cuts = 5, b.Reads()+3
		for i := range 3 {
			w := prediction(m, out, Shard{i, 3}, answers.JSON)
			w.Objects = s
			if _, err := Run(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		merged, err := Merge(t.Context(), out, "")
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		write := Answers(answers.Writer{Format: answers.JSON, Top: 2})(&want, false)
		all := pictures.List(pictures.Arguments{Names: []string{"s3://b/p"}, Objects: s})
		for r, err := range madeUp(t.Context(), opening(t, all)) {
			if err != nil || strings.HasSuffix(r.Name, ".txt") {
				continue
			}
			if err := write(Entry{}, r); err != nil {
				t.Fatal(err)
			}
		}
		if got := get(t, merged.Result); got != want.String() || merged.Pictures != 30 {
			t.Errorf("got %d pictures\n%s\nwant\n%s", merged.Pictures, got, want.String())
		}
	}
}

// opening opens pictures for madeUp, which knows readers alone.
func opening(t *testing.T, all iter.Seq[infer.Picture]) iter.Seq[infer.Picture] {
	return func(yield func(infer.Picture) bool) {
		for p := range all {
			r, err := p.From.Open()
			if err != nil {
				t.Fatal(err)
			}
			if p.Reader = r; !yield(p) {
				return
			}
		}
	}
}

func TestObjectsThatChangedAreNoticed(t *testing.T) {
	for want, change := range map[string]func(b *bucket.Bucket){
		"another ETag or size": func(b *bucket.Bucket) { b.Objects["p/2/2.png"] = png + "yy" },
		"file does not exist":  func(b *bucket.Bucket) { delete(b.Objects, "p/2/2.png") },
	} {
		b := stored(6)
		s := b.Stores(t.Context())
		m := opened(t, manifest(t, inBucket(s), ListOptions{NoHash: true}))
		change(b)
		w := prediction(m, t.TempDir(), Shard{0, 1}, answers.JSON)
		w.Objects = s
		_, err := Run(t.Context(), w)
		refused(t, err, "2.png: changed since it was listed: got "+want)
		w.AllowChanged = true
		o, err := Run(t.Context(), w)
		if err != nil || o.Failed != 1 {
			t.Fatalf("%s: got %+v, %v, want one without an answer", want, o, err)
		}
		dead := get(t, filepath.Join(w.Dir, o.Dead.File))
		if !strings.Contains(dead, `"s3://b/p/2/2.png","error":"changed since it was listed: got `+want) {
			t.Errorf("got %s", dead)
		}
	}
}

// TestStoresThatFailAreTriedAgain by the next process: that is no change.
func TestStoresThatFailAreTriedAgain(t *testing.T) {
	b := stored(6)
	s := b.Stores(t.Context())
	m := opened(t, manifest(t, inBucket(s), ListOptions{}))
	w := prediction(m, t.TempDir(), Shard{0, 1}, answers.JSON)
	for _, w.AllowChanged = range []bool{true, false} {
		_, err := Run(t.Context(), w)
		refused(t, err, "s3://b/p/0/0.png: this build of the program reads no object stores")
	}
	w.Objects, b.Denied = s, fs.ErrPermission
	var p *permanent.Error
	if _, err := Run(t.Context(), w); !errors.Is(err, fs.ErrPermission) || errors.As(err, &p) {
		t.Errorf("got %v", err)
	}
	b.Denied = nil
	if o, err := Run(t.Context(), w); err != nil || o.Done != 6 {
		t.Errorf("got %+v, %v", o, err)
	}
}

// TestTheRestOfAnObjectIsNotAskedFor where its ETag says enough, and is where only a hash does.
func TestTheRestOfAnObjectIsNotAskedFor(t *testing.T) {
	for _, none := range []bool{false, true} {
		b := &bucket.Bucket{NoETags: none, Objects: map[string]string{"p/a.png": png + strings.Repeat("x", 100)}}
		s := b.Stores(t.Context())
		w := prediction(opened(t, manifest(t, inBucket(s), ListOptions{})), t.TempDir(), Shard{0, 1}, answers.JSON)
		w.Objects = s
		w.Answer = func(_ context.Context, all iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
			return func(yield func(infer.Result, error) bool) {
				for p := range all { // as a decoder that needs no more
					_, err := io.CopyN(io.Discard, p.Reader, int64(len(png)))
					if !yield(infer.Result{Picture: p, Err: errors.New("cut short")}, err) {
						return
					}
				}
			}
		}
		before := b.Reads()
		b.Cut, b.Cuts = len(png), before+1
		if o, err := Run(t.Context(), w); err != nil || o.Done != 1 {
			t.Fatalf("got %+v, %v", o, err)
		}
		if again := b.Reads() - before - 1; (again > 0) != none {
			t.Errorf("ETags %v: asked for the rest %d times", !none, again)
		}
	}
}

// TestNamesInAListAreLookedUp: a list says neither size nor ETag.
func TestNamesInAListAreLookedUp(t *testing.T) {
	b := stored(2)
	list := pictures.Arguments{Names: []string{"-"}, List: true, Objects: b.Stores(t.Context()),
		Stdin: strings.NewReader("s3://b/p/1/1.png\ns3://b/gone.png\n")}
	var errs []string
	path := manifest(t, func(yield func(Source) bool) {
		for p := range pictures.List(list) {
			if !yield(Source{Picture: p}) {
				return
			}
		}
	}, ListOptions{Skipped: func(_ bool, err error) { errs = append(errs, err.Error()) }})
	if text := get(t, path); !strings.Contains(text, `"s3://b/p/1/1.png","size":9,"etag":"`) ||
		strings.Join(errs, "") != "s3://b/gone.png: file does not exist" {
		t.Errorf("got %s, %q", text, errs)
	}
}
