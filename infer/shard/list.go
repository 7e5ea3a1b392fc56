package shard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"sync"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/infer/rows"
	"github.com/flowerctl/flowerctl/train/table"
)

// Source is a picture to list. Its Name is the file, or From an *objects.Object or *rows.Cell;
// Data and Reader are not read.
type Source struct {
	infer.Picture
	Path, Class string // as in Entry
}

// ListOptions say how pictures are listed.
type ListOptions struct {
	Classes []string // of an evaluation: all that there are
	// NoHash lists names and sizes alone, and reads the beginning of each file only: a
	// file that changes later and keeps its size is not noticed. An object has its ETag all
	// the same, which costs nothing.
	NoHash bool
	// Skipped is told of what is not listed, and of files that are listed with an error;
	// nil: nobody. The error names the file.
	Skipped func(left bool, err error)
}

// ErrNoPictures says that there is nothing to list.
var ErrNoPictures = errors.New("no images there")

// List writes the manifest of the pictures to w, in their order. Files in folders that
// are no pictures are left out, as package pictures says. A file that cannot be read is
// listed with its error: it has no answer. Where there is no picture nothing is written, and
// the error is ErrNoPictures.
func List(ctx context.Context, w io.Writer, sources iter.Seq[Source], o ListOptions) (
	Summary, error) {
	m := &manifestWriter{hash: sha256.New()}
	m.w = json.NewEncoder(io.MultiWriter(w, m.hash))
	m.w.SetEscapeHTML(false)
	look := func(s Source) listed { return s.look(!o.NoHash) }
	for l := range ahead(ctx, sources, look) {
		if l.err != nil && o.Skipped != nil {
			o.Skipped(l.left, l.err)
		}
		if l.left {
			continue
		}
		if m.Pictures == 0 {
			if err := m.w.Encode(header{Version, o.Classes}); err != nil {
				return Summary{}, err
			}
		}
		if err := m.add(l.Entry); err != nil {
			return Summary{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return Summary{}, context.Cause(ctx)
	}
	if m.Pictures == 0 {
		return Summary{}, ErrNoPictures
	}
	m.SHA256 = hex.EncodeToString(m.hash.Sum(nil))
	return m.Summary, m.w.Encode(m.Summary)
}

type manifestWriter struct {
	Summary
	w    *json.Encoder
	hash hash.Hash
}

func (m *manifestWriter) add(e Entry) error {
	m.Pictures++
	m.Bytes += e.Size
	return m.w.Encode(e.line())
}

// listed is a file that was looked at.
type listed struct {
	Entry
	left bool // out of the manifest
	err  error
}

// look reads a file: only the beginning of one that is left out.
func (s Source) look(hash bool) listed {
	l := listed{Entry: Entry{File: s.Name, Path: s.Path, Class: s.Class}, err: s.Err}
	if cell, ok := s.From.(*rows.Cell); ok {
		l.Table, l.Column, l.Row = cell.File, cell.Column, cell.Row
		l.Size = int64(len(cell.Data))
		if hash && s.Err == nil {
			sum := sha256.Sum256(cell.Data)
			l.SHA256 = hex.EncodeToString(sum[:])
		}
	} else if o, ok := s.From.(*objects.Object); s.Err != nil {
		l.left = pictures.LeftOut(s.Picture, s.Err)
	} else if ok {
		if l.left, l.err = l.Entry.readObject(hash, s.Picture, o); l.err != nil {
			l.err = fmt.Errorf("%s: %w", s.Name, l.err)
		}
	} else if l.left, l.err = l.Entry.read(hash, s.Picture); l.err != nil {
		l.err = fmt.Errorf("%s: %w", s.Name, bare(l.err))
	}
	if l.err != nil && !l.left {
		l.Error = table.OneLine(strings.TrimPrefix(l.err.Error(), s.Name+": "))
	}
	return l
}

// read finds the size and the hash, unless the picture is left out.
func (e *Entry) read(hash bool, p infer.Picture) (left bool, err error) {
	info, err := os.Stat(e.File)
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait
		return false, errors.New("not a regular file")
	}
	f, err := os.Open(e.File)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return e.readFrom(f, info.Size(), hash, p)
}

// readObject is read for an object. One that has the name of an image and an ETag is not
// asked for: the listing said all.
func (e *Entry) readObject(hash bool, p infer.Picture, o *objects.Object) (left bool, err error) {
	if o.Size < 0 { // from a list of names, which nobody has asked the store about
		stated, err := o.Stat()
		if err != nil {
			return false, err
		}
		o = stated
	}
	e.Size, e.ETag = o.Size, o.ETag
	if hash = hash && o.ETag == ""; !hash && !pictures.MayBeLeftOut(p) {
		return false, nil
	}
	r, err := o.Open()
	if err != nil {
		return false, err
	}
	defer r.Close() // it was only read
	return e.readFrom(r, o.Size, hash, p)
}

// readFrom reads the beginning, and with hash the rest.
func (e *Entry) readFrom(f io.Reader, size int64, hash bool, p infer.Picture) (left bool,
	err error) {
	buffer := heads.Get().(*[imageprep.HeadBytes]byte)
	defer heads.Put(buffer)
	n, err := io.ReadFull(f, buffer[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	if kind := imageprep.Recognize(buffer[:n]); pictures.LeftOut(p, kind) {
		return true, kind
	}
	if e.Size = size; !hash {
		return false, nil
	}
	sum := sha256.New()
	sum.Write(buffer[:n])
	e.Size = int64(n)
	for err == nil { // the head was full: there may be more
		n, err = f.Read(buffer[:])
		sum.Write(buffer[:n])
		e.Size += int64(n)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return false, nil
}

// heads are buffers for the beginnings of files.
var heads = sync.Pool{New: func() any { return new([imageprep.HeadBytes]byte) }}

// bare is an error of the file system without the name of the file.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
