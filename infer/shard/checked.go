package shard

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/rows"
)

// ChangedError says that a picture is not what was listed.
type ChangedError struct {
	File      string
	Got, Want string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("changed since it was listed: got %s, want %s", e.Got, e.Want)
}

// readError is an error of the file system, without the name of the file.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

// checked reads the file of an entry while it is decoded, and compares it with the entry
// at its end.
type checked struct {
	Entry
	objects *objects.Stores
	file    io.ReadCloser
	hash    hash.Hash
	n       int64
	end     error // set when the file was read: io.EOF if it is as listed
}

// picture is what an engine reads of an entry.
func (e Entry) picture(o *objects.Stores) (infer.Picture, *checked) {
	if e.Error != "" {
		return infer.Picture{Name: e.File, Err: errors.New(e.File + ": " + e.Error)}, nil
	}
	c := &checked{Entry: e, objects: o, hash: sha256.New()}
	return infer.Picture{Name: e.File, Reader: c}, c
}

// Size is that of the entry: see imageprep.Sizer.
func (c *checked) Size() int64 { return c.Entry.Size }

func (c *checked) Read(p []byte) (int, error) {
	if c.end == nil && c.file == nil {
		c.open()
	}
	if c.end != nil {
		return 0, c.end
	}
	n, err := c.file.Read(p)
	c.n += int64(n)
	c.hash.Write(p[:n])
	if err == nil && c.n <= c.Entry.Size {
		return n, nil
	}
	c.close()
	switch got := hex.EncodeToString(c.hash.Sum(nil)); {
	case errors.Is(err, objects.ErrChanged):
		c.end = c.otherTag()
	case err != nil && !errors.Is(err, io.EOF):
		c.end = &readError{bare(err)}
	case c.n > c.Entry.Size:
		c.end = c.changed("more than %d bytes", c.Entry.Size)
	case c.n < c.Entry.Size:
		c.end = c.changed("%d bytes", c.n)
	case c.SHA256 != "" && got != c.SHA256:
		c.end = &ChangedError{c.File, short(got), short(c.SHA256)}
	default:
		c.end = io.EOF
	}
	return n, c.end
}

func (c *checked) changed(got string, args ...any) error {
	return &ChangedError{c.File, fmt.Sprintf(got, args...), fmt.Sprintf("%d bytes", c.Entry.Size)}
}

// otherTag is the error of an object that is another one than was listed.
func (c *checked) otherTag() error {
	return &ChangedError{c.File, "another ETag or size", fmt.Sprintf("%s, %d bytes",
		cmp.Or(c.ETag, "no ETag"), c.Entry.Size)}
}

func (c *checked) open() {
	if objects.Is(c.File) {
		c.openObject()
		return
	}
	// A pipe with the name of what was a file would be waited for.
	info, err := os.Stat(c.File)
	if err == nil && !info.Mode().IsRegular() {
		c.end = c.changed("no regular file")
		return
	}
	if err == nil {
		c.file, err = os.Open(c.File)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.end = c.changed("no such file")
	case err != nil:
		c.end = &readError{bare(err)}
	}
}

func (c *checked) openObject() {
	o, err := c.objects.Object(c.File, c.ETag)
	if err == nil {
		c.file, err = o.Open()
	}
	var absent *objects.AbsentError
	switch {
	case errors.As(err, &absent):
		c.end = absent
	case errors.Is(err, objects.ErrChanged):
		c.end = c.otherTag()
	case objects.Gone(err):
		c.end = c.changed("%v", err)
	case err != nil:
		c.end = &readError{err}
	}
}

// fromTable reads the picture out of its row, before it is decoded: rows are read in order.
func (c *checked) fromTable(cursor *rows.Cursor) {
	cell, err := cursor.Read(c.Table, c.Column, c.Row)
	var absent *rows.AbsentError
	switch {
	case errors.As(err, &absent):
		c.end = absent
	case errors.Is(err, fs.ErrNotExist):
		c.end = c.changed("no such file")
	case errors.Is(err, rows.ErrDamaged):
		c.end = c.changed("%v", err)
	case err != nil:
		c.end = &readError{bare(err)}
	case cell.Data == nil:
		c.end = c.changed("%v", rows.ErrNone)
	default:
		c.file = cell.Reader()
	}
}

// check reads what the decoder left, and says whether the file was as listed. Of an object
// with the ETag as listed, and nothing to compare beside it, the rest is not asked for.
func (c *checked) check() error {
	if c == nil || c.file != nil && c.ETag != "" && c.SHA256 == "" {
		return nil
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	return nil
}

func (c *checked) close() {
	if c != nil && c.file != nil {
		c.file.Close() // it was only read
		c.file = nil
	}
}
