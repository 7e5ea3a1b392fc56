package shard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/rows"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/table"
)

// Answer answers for pictures in their order: infer.Stream with an engine.
type Answer func(context.Context, iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error]

// Answered is a picture of a manifest with its result.
type Answered struct {
	Entry  Entry
	Result infer.Result
}

// Stream answers for entries in their order. A picture that is not there any more, that
// cannot be read, or that is not as listed ends the stream with an error; with allowChanged
// it has a result with that error, and the stream continues. Pictures in object stores and
// tables end it: see [Work] for these. An error of the entries ends it after their answers.
func Stream(ctx context.Context, entries iter.Seq2[Entry, error], answer Answer,
	allowChanged bool) iter.Seq2[Answered, error] {
	return Work{Answer: answer, AllowChanged: allowChanged}.stream(ctx, entries)
}

// stream is Stream, with the stores and tables of the work.
func (w Work) stream(ctx context.Context, entries iter.Seq2[Entry, error]) (
	answers iter.Seq2[Answered, error]) {
	return func(yield func(Answered, error) bool) {
		q := &queue{entries: make(chan queued, 4096)}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for r, err := range w.Answer(ctx, q.read(ctx, w, entries)) {
			if err != nil {
				yield(Answered{}, err)
				return
			}
			next := <-q.entries
			if err := next.unchanged(); err != nil {
				if _, ok := absent(err); ok || !w.AllowChanged {
					yield(Answered{}, notListed(next.Entry, err))
					return
				}
				r.Err = err
			}
			if !yield(Answered{next.Entry, r}, nil) {
				return
			}
		}
		if q.err != nil {
			yield(Answered{}, q.err)
		}
	}
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

// unchanged says whether a picture was as listed.
func (q queued) unchanged() error {
	defer q.checked.close()
	return q.checked.check()
}

// notListed is the error of a shard for a picture that is not as listed. Of a file that
// cannot be read, the next process may read it.
func notListed(e Entry, err error) error {
	if hint, ok := absent(err); ok {
		return &permanent.Error{Err: err, Remedy: hint}
	}
	var changed *ChangedError
	if err = fmt.Errorf("%s: %w", table.Printable(e.File), err); errors.As(err, &changed) {
		return &permanent.Error{Err: err, Remedy: "list the pictures again, or --allow-changed"}
	}
	return err
}

// absent says whether an error is that this program reads no such pictures, and what does.
// That says nothing of a picture, and is no result of one.
func absent(err error) (hint string, ok bool) {
	var stores *objects.AbsentError
	if errors.As(err, &stores) {
		return stores.Hint(), true
	}
	var tables *rows.AbsentError
	if errors.As(err, &tables) {
		return tables.Hint(), true
	}
	return "", false
}

// deadLetter is a picture without an answer.
type deadLetter struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

// letter is the line of a picture without an answer.
func (a Answered) letter() ([]byte, error) {
	return encode(deadLetter{a.Entry.called(), reason(a.Result)})
}

// reason is a result's error in a line, without the name of the file.
func reason(r infer.Result) string {
	return table.OneLine(strings.TrimPrefix(r.Err.Error(), r.Name+": "))
}

// encode makes a line of JSON.
func encode(v any) ([]byte, error) {
	var line bytes.Buffer
	to := json.NewEncoder(&line)
	to.SetEscapeHTML(false)
	err := to.Encode(v)
	return line.Bytes(), err
}
