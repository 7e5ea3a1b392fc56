//go:build cloud

// Package parquetfile reads pictures out of Parquet files: a binary column, or the bytes of a
// struct as Hugging Face's data sets have them. It is in builds with the tag cloud only,
// because of its size. Start at [Open].
package parquetfile

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/flowerctl/flowerctl/infer/rows"
)

// Open opens a file: rows.Opener. The column is the path of a leaf, such as image.bytes, or of
// a struct with a leaf bytes, such as image.
func Open(file, column string) (t rows.Table, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close() // it was only read
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if err := checkFooter(f, info.Size()); err != nil {
		return nil, err
	}
	opened := &table{f: f}
	err = whole(func() (err error) {
		opened.parquet, err = parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true))
		if err != nil {
			return rows.Damaged("not a Parquet file, or cut short (%w)", err)
		}
		opened.leaf, err = choose(opened.parquet.Schema(), column)
		return err
	})
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// whole makes an error of a panic: the library has them for files that are damaged.
func whole(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = rows.Damaged("damaged (%v)", r)
		}
	}()
	return f()
}

type table struct {
	f       *os.File
	parquet *parquet.File
	leaf    leaf
}

// leaf is a column of bytes.
type leaf struct {
	path  string
	index int
}

// choose finds the column of the pictures.
func choose(schema *parquet.Schema, column string) (leaf, error) {
	var all, bytes []leaf
	for _, path := range schema.Columns() {
		c, ok := schema.Lookup(path...)
		if !ok || c.MaxRepetitionLevel > 0 || c.Node.Type().Kind() != parquet.ByteArray {
			continue
		}
		l := leaf{strings.Join(path, "."), c.ColumnIndex}
		if l.path == column || l.path == column+".bytes" {
			return l, nil
		}
		if c.Node.Type().LogicalType() != nil || c.Node.Type().ConvertedType() != nil {
			continue // text and the like
		}
		if all = append(all, l); len(path) > 1 && path[len(path)-1] == "bytes" {
			bytes = append(bytes, l)
		}
	}
	switch {
	case column != "":
		return leaf{}, rows.Damaged("got column %q, want one of bytes: %s", column, names(all))
	case len(bytes) == 1:
		return bytes[0], nil
	case len(all) == 1:
		return all[0], nil
	case len(all) == 0:
		return leaf{}, rows.Damaged("no column of bytes")
	}
	return leaf{}, rows.Damaged("several columns of bytes, want the name of one: %s", names(all))
}

func names(all []leaf) string {
	if len(all) == 0 {
		return "there are none"
	}
	var text []string
	for _, l := range all {
		text = append(text, l.path)
	}
	return strings.Join(text, ", ")
}

// Column is that of rows.Table.
func (t *table) Column() string { return t.leaf.path }

// Close is that of rows.Table.
func (t *table) Close() error { return t.f.Close() }

// From is that of rows.Table. It holds a page of a row group, and the image that it yields.
func (t *table) From(row int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		on := true
		give := func(data []byte) bool {
			on = yield(data, nil)
			return on
		}
		for i, group := range t.parquet.RowGroups() {
			n := group.NumRows()
			if row >= n {
				row -= n
				continue
			}
			err := whole(func() error { return t.checkPages(i) })
			if err == nil {
				err = t.read(group, row, give)
			}
			if row = 0; err != nil {
				yield(nil, err)
			}
			if err != nil || !on {
				return
			}
		}
	}
}

// read gives the images of a row group from a row on, until give has enough.
func (t *table) read(group parquet.RowGroup, row int64, give func([]byte) bool) error {
	r := &reader{}
	err := whole(func() error {
		r.pages = group.ColumnChunks()[t.leaf.index].Pages()
		return r.pages.SeekToRow(row)
	})
	if r.pages != nil {
		defer r.pages.Close() // it was only read
	}
	for left := group.NumRows() - row; err == nil && left > 0; left-- {
		var data []byte
		// What the receiver does is not looked at for panics.
		if err = whole(func() (err error) { data, err = r.next(); return err }); err != nil {
			break
		}
		if !give(data) {
			return nil
		}
	}
	return err
}

// reader reads the values of a column's pages.
type reader struct {
	pages  parquet.Pages
	values parquet.ValueReader // of the page; nil before one
	page   parquet.Page
}

func (r *reader) next() ([]byte, error) {
	for {
		if r.values == nil {
			page, err := r.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			if err != nil {
				return nil, asDamage(err)
			}
			r.page, r.values = page, page.Values()
		}
		var value [1]parquet.Value
		n, err := r.values.ReadValues(value[:])
		var data []byte
		if n == 1 && !value[0].IsNull() {
			data = append([]byte{}, value[0].ByteArray()...) // not nil, where it is empty
		}
		if n == 0 || err != nil {
			parquet.Release(r.page)
			r.values, r.page = nil, nil
		}
		if n == 1 {
			return data, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, asDamage(err)
		}
	}
}

// asDamage is an error of the library, unless it is one of the file system.
func asDamage(err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return err
	}
	return rows.Damaged("damaged (%w)", err)
}
