package shard

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/rows"
	"github.com/flowerctl/flowerctl/train/table"
)

// Work is a shard to answer for.
type Work struct {
	Manifest *Manifest
	Shard    Shard
	Dir      string // of the parts of all shards
	Job      Job    // its Version, Manifest, Pictures and Shards are filled in
	Device   string // that answers

	// Answer answers for pictures in their order: infer.Stream with an engine.
	Answer func(context.Context, iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error]
	Writer NewWriter

	// Objects are the stores that the manifest's objects are in; nil: there are none.
	Objects *objects.Stores
	// Tables opens the tables that the manifest's pictures are in; nil: there are none.
	Tables rows.Opener

	// AllowChanged takes a picture that is not there any more, that cannot be read, or
	// that is not as listed, for one without an answer. Else it ends the shard.
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
// done is only compared with its hash. What a retry cannot mend is a [*PermanentError]:
// a folder of another job, a damaged part, a picture that changed.
func Run(ctx context.Context, w Work) (o *Outcome, err error) {
	if err := w.Shard.check(); err != nil {
		return nil, &PermanentError{Err: err}
	}
	j := &w.Job
	j.Version, j.Shards = Version, w.Shard.Count
	j.Manifest, j.Pictures = w.Manifest.SHA256, w.Manifest.Pictures
	if err := j.claim(w.Dir); err != nil {
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
	var p *PermanentError
	if errors.As(err, &p) {
		return &PermanentError{p.Err, fmt.Sprintf("remove %s, and run shard %s again",
			s.metaPath(dir), s)}
	}
	return err
}

// answer writes the results of the rest of a shard. When it ends early between two
// pictures, it makes a checkpoint.
func (w Work) answer(ctx context.Context, at *work, to int64) error {
	q := &queue{entries: make(chan queued, 4096)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := resultWriter{at, w.Writer(at.part, at.Parts.Bytes > 0), json.NewEncoder(at.dead)}
	results.dead.SetEscapeHTML(false)
	if w.Watch != nil {
		w.Watch(at.Done, at.Failed, to-at.From)
	}
	entries := w.Manifest.Entries(at.From+at.Done, to)
	for r, err := range w.Answer(ctx, q.read(ctx, w, entries)) {
		if err != nil {
			return errors.Join(err, at.save())
		}
		next := <-q.entries
		if err := w.unchanged(next); err != nil {
			if !w.AllowChanged {
				return errors.Join(w.notListed(next.Entry, err), at.save())
			}
			r.Err = err
		}
		if err := results.add(next.Entry, r); err != nil {
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
	if q.err != nil {
		return errors.Join(q.err, at.save())
	}
	if at.From+at.Done != to {
		return fmt.Errorf("shard %s: got results for %d pictures, want %d", w.Shard, at.Done,
			to-at.From)
	}
	return nil
}

// resultWriter writes into the files of a part.
type resultWriter struct {
	at    *work
	write func(Entry, infer.Result) error
	dead  *json.Encoder
}

func (w *resultWriter) add(e Entry, r infer.Result) error {
	if r.Err != nil {
		w.at.Failed++
		if err := w.dead.Encode(deadLetter{e.called(), reason(r)}); err != nil {
			return err
		}
	}
	w.at.Done++
	return w.write(e, r)
}

// reason is a result's error in a line, without the name of the file.
func reason(r infer.Result) string {
	return table.OneLine(strings.TrimPrefix(r.Err.Error(), r.Name+": "))
}

// deadLetter is a picture without an answer.
type deadLetter struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

// unchanged says whether a picture was as listed.
func (w Work) unchanged(q queued) error {
	defer q.checked.close()
	return q.checked.check()
}

// notListed is the error of a shard for a picture that is not as listed. Of a file that
// cannot be read, the next process may read it.
func (w Work) notListed(e Entry, err error) error {
	var changed *ChangedError
	var absent *objects.AbsentError
	if errors.As(err, &absent) {
		return &PermanentError{err, absent.Hint()}
	}
	var noTables *rows.AbsentError
	if errors.As(err, &noTables) {
		return &PermanentError{err, noTables.Hint()}
	}
	if err = fmt.Errorf("%s: %w", table.Printable(e.File), err); errors.As(err, &changed) {
		return &PermanentError{err, "list the pictures again, or --allow-changed"}
	}
	return err
}

// queue are the entries that the engine has read and not answered for.
type queue struct {
	entries chan queued
	err     error // of the manifest
}

type queued struct {
	Entry
	checked *checked
}

// read yields the pictures of entries. The channel is longer than the queues of an engine
// are, so that it is never waited for.
func (q *queue) read(ctx context.Context, w Work, entries iter.Seq2[Entry, error]) (
	pictures iter.Seq[infer.Picture]) {
	return func(yield func(infer.Picture) bool) {
		cursor := &rows.Cursor{Open: w.Tables}
		defer cursor.Close()
		for e, err := range entries {
			if err != nil {
				q.err = err
				return
			}
			p, c := e.picture(w.Objects)
			if c != nil && e.Table != "" {
				c.fromTable(cursor)
			}
			select {
			case q.entries <- queued{e, c}:
			case <-ctx.Done():
				return
			}
			if !yield(p) {
				return
			}
		}
	}
}
