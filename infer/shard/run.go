package shard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/rows"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/table"
)

// Work is a shard to answer for.
type Work struct {
	Manifest *Manifest
	Shard    Shard
	Dir      string // of the parts of all shards
	Job      Job    // its Version, Manifest, Pictures and Shards are filled in
	Device   string // that answers
	Answer   Answer
	Writer   NewWriter

	// Objects are the stores that the manifest's objects are in; nil: there are none.
	Objects *objects.Stores
	// Tables opens the tables that the manifest's pictures are in; nil: there are none.
	Tables rows.Opener

	// AllowChanged takes a picture that is not there any more, that cannot be read, or
	// that is not as listed, for one without an answer. Else it ends the shard, as a picture
	// in stores or tables that there are none of does in any case.
	AllowChanged bool
	// Every is the time between checkpoints; 0 means a second. So much is computed again
	// after a kill.
	Every time.Duration
	// Watch is told how many pictures of the shard are done, and how many of these have no
	// answer: first what earlier processes did, then after each picture; nil: nobody.
	Watch func(done, failed, of int64)
}

// Outcome is what a shard has done.
type Outcome struct {
	Part
	Already int64 // that earlier processes had done
}

// Run answers for a shard, from where it was left, and writes its part. A shard that is
// done is only compared with its hash. What a retry cannot mend is a [*permanent.Error]:
// a folder of another job, a damaged part, a picture that changed.
func Run(ctx context.Context, w Work) (o *Outcome, err error) {
	if err := w.Shard.check(); err != nil {
		return nil, &permanent.Error{Err: err}
	}
	j := &w.Job
	if err := j.Claim(w.Dir, w.Manifest, w.Shard.Count); err != nil {
		return nil, err
	}
	from, to := w.Shard.Range(w.Manifest.Pictures)
	extension, _ := j.extensions()
	at, done, err := begin(w.Dir, w.Shard, extension)
	if err != nil {
		return nil, err
	}
	if done != nil {
		return &Outcome{*done, done.Done}, nil
	}
	defer func() { err = errors.Join(err, at.close()) }()
	already := at.Done
	at.From, at.Device = from, w.Device
	if err := w.answer(ctx, at, to); err != nil {
		return nil, err
	}
	if err := at.end(); err != nil {
		return nil, err
	}
	return &Outcome{at.Part, already}, nil
}

// Finished is what a shard that is done says, compared with its files; nil where it is
// not done.
func Finished(dir string, s Shard) (*Part, error) {
	p, err := readPart(s.metaPath(dir), s)
	if p == nil || err != nil {
		return nil, err
	}
	for _, sum := range []Sum{p.Parts, p.Dead} {
		if err := sum.compare(dir, io.Discard); err != nil {
			return nil, again(s, dir, err)
		}
	}
	return p, nil
}

// again says how a damaged shard is answered again.
func again(s Shard, dir string, err error) error {
	var p *permanent.Error
	if errors.As(err, &p) {
		return &permanent.Error{Err: p.Err, Remedy: fmt.Sprintf("remove %s, and run shard %s again",
			s.metaPath(dir), s)}
	}
	return err
}

// answer writes the results of the rest of a shard. When it ends early between two
// pictures, it makes a checkpoint.
func (w Work) answer(ctx context.Context, at *work, to int64) error {
	results := resultWriter{at, w.Writer(at.part, at.Parts.Bytes > 0)}
	if w.Watch != nil {
		w.Watch(at.Done, at.Failed, to-at.From)
	}
	entries := w.Manifest.Entries(at.From+at.Done, to)
	for a, err := range w.stream(ctx, entries) {
		if err != nil {
			return errors.Join(err, at.save())
		}
		if err := results.add(a); err != nil {
			return err
		}
		if time.Since(at.saved) >= cmp.Or(w.Every, time.Second) {
			if err := at.save(); err != nil {
				return err
			}
		}
		if w.Watch != nil {
			w.Watch(at.Done, at.Failed, to-at.From)
		}
	}
	if at.From+at.Done != to {
		return fmt.Errorf("shard %s: got results for %s, want %d", w.Shard,
			table.Count(at.Done, "picture"), to-at.From)
	}
	return nil
}

// resultWriter writes into the files of a part.
type resultWriter struct {
	at    *work
	write func(Entry, infer.Result) error
}

func (w *resultWriter) add(a Answered) error {
	if a.Result.Err != nil {
		w.at.Failed++
		line, err := a.letter()
		if err == nil {
			_, err = w.at.dead.Write(line)
		}
		if err != nil {
			return err
		}
	}
	w.at.Done++
	return w.write(a.Entry, a.Result)
}
