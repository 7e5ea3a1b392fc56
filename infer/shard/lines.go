package shard

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
)

// Line is what a shard's files have of a picture, each with its line break.
type Line struct {
	Answer []byte
	Dead   []byte // nil where there is an answer
}

// Lines makes the lines of results, in a format without a header.
func Lines(how NewWriter) func(Answered) (Line, error) {
	var out bytes.Buffer
	write := how(&out, true)
	return func(a Answered) (l Line, err error) {
		out.Reset()
		if err = write(a.Entry, a.Result); err == nil && a.Result.Err != nil {
			l.Dead, err = a.letter()
		}
		l.Answer = bytes.Clone(out.Bytes())
		return l, err
	}
}

// WriteLines writes the files of a shard whose pictures were answered elsewhere, in their
// order. They are then as [Run] leaves them, and a shard that is done stays as it is. Dir is
// one that the job has claimed.
func (j *Job) WriteLines(dir string, s Shard, device string, lines iter.Seq[Line]) (p *Part, err error) {
	if j.Shards != s.Count {
		return nil, fmt.Errorf("shard %s: got a job of %d", s, j.Shards)
	}
	extension, _ := j.extensions()
	at, done, err := begin(dir, s, extension)
	if done != nil || err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, at.close()) }()
	from, to := s.Range(j.Pictures)
	n, before := int64(0), at.Done // what a process that was killed has written is the same
	at.From, at.Device = from, device
	for l := range lines {
		if n++; n <= before {
			continue
		}
		at.Done++
		if _, err := at.part.Write(l.Answer); err != nil {
			return nil, err
		}
		if l.Dead != nil {
			at.Failed++
			if _, err := at.dead.Write(l.Dead); err != nil {
				return nil, err
			}
		}
	}
	if n != to-from {
		return nil, fmt.Errorf("shard %s: got lines for %d pictures, want %d", s, n, to-from)
	}
	return &at.Part, at.end()
}
