// Package rows reads pictures out of the rows of tables, such as Parquet files. What reads a
// table is behind [Table], which a program fills in; package infer/rows/parquetfile does in
// builds with the tag cloud. It imports nothing of this module. Start at [Pictures].
package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Is says whether a file is taken for a table, by its name.
func Is(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".parquet") }

// Table is an open file with a picture a row.
type Table interface {
	// Column is the name of the column that the pictures are in.
	Column() string
	// From yields the bytes of the pictures from a row on, in order; nil where a row has none.
	// It holds a part of the file at a time. The error, which ends it, does not name the file.
	From(row int64) iter.Seq2[[]byte, error]
	Close() error
}

// Opener opens a file. The column may be "": then it is found, or the error says which there
// are. Errors of the file system are those of os.Open; others do not name the file.
type Opener func(file, column string) (Table, error)

// AbsentError says that the program was built without tables.
type AbsentError struct{ File string }

func (e *AbsentError) Error() string {
	return e.File + ": this build of the program reads no Parquet"
}

// Hint is how to build one that does.
func (e *AbsentError) Hint() string { return "make build CLOUD=yes, or go build -tags cloud" }

// ErrDamaged means that a file is no table, or is damaged, or has not the rows and columns
// that are asked for: reading it again will not help.
var ErrDamaged = errors.New("damaged")

// damaged is an error that [ErrDamaged] matches, with its own text.
type damaged struct{ error }

func (damaged) Is(target error) bool { return target == ErrDamaged }

// Damaged makes an error that [ErrDamaged] matches, and says what fmt.Errorf does.
func Damaged(format string, args ...any) error { return damaged{fmt.Errorf(format, args...)} }

// ErrNone means that a row has no picture.
var ErrNone = errors.New("no image in the row")

// Cell is a picture in a row.
type Cell struct {
	File, Column string
	Row          int64 // from 0
	Data         []byte
}

// Name is what the picture is called: FILE/ROW.
func (c *Cell) Name() string { return fmt.Sprintf("%s/%d", c.File, c.Row) }

// Open is infer.Opener's.
func (c *Cell) Open() (io.ReadCloser, error) { return c.Reader(), nil }

// Reader reads the picture.
func (c *Cell) Reader() io.ReadCloser { return opened{bytes.NewReader(c.Data)} }

type opened struct{ *bytes.Reader }

func (opened) Close() error { return nil }

// Pictures yields the pictures of a file from a row on, in order. One without a picture has
// nil Data. The errors do not name the file.
func Pictures(open Opener, file, column string, row int64) iter.Seq2[*Cell, error] {
	return func(yield func(*Cell, error) bool) {
		if open == nil {
			yield(nil, &AbsentError{file})
			return
		}
		t, err := open(file, column)
		if err != nil {
			yield(nil, err)
			return
		}
		defer t.Close() // it was only read
		for data, err := range t.From(row) {
			if err != nil {
				yield(nil, fmt.Errorf("row %d: %w", row, err))
				return
			}
			if !yield(&Cell{File: file, Column: t.Column(), Row: row, Data: data}, nil) {
				return
			}
			row++
		}
	}
}

// Cursor reads pictures by their rows, and fast where these follow one another. It is for one
// goroutine.
type Cursor struct {
	Open Opener

	at   Cell // that next gives
	next func() (*Cell, error, bool)
	stop func()
}

// Read is the picture of a row; nil Data where it has none.
func (c *Cursor) Read(file, column string, row int64) (*Cell, error) {
	want := Cell{File: file, Column: column, Row: row}
	if c.next == nil || c.at.File != file || c.at.Column != column || c.at.Row != row {
		c.Close()
		c.next, c.stop = iter.Pull2(Pictures(c.Open, file, column, row))
		c.at = want
	}
	cell, err, ok := c.next()
	if !ok || err != nil {
		c.Close()
		if err == nil {
			err = Damaged("row %d: the file ends before it", row)
		}
		return nil, err
	}
	c.at.Row++
	return cell, nil
}

// Close closes the file.
func (c *Cursor) Close() {
	if c.next != nil {
		c.stop()
		c.next = nil
	}
}
