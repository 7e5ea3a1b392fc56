package pictures

import (
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/rows"
)

// expandPacked yields the pictures in an archive or a table.
func (a Arguments) expandPacked(file string, yield func(infer.Picture) bool) bool {
	if rows.Is(file) {
		return a.expandTable(file, yield)
	}
	return expandArchive(file, yield)
}

// expandTable yields the pictures in the rows of a table, which are called FILE/ROW.
func (a Arguments) expandTable(file string, yield func(infer.Picture) bool) bool {
	for cell, err := range rows.Pictures(a.Tables, file, a.Column, 0) {
		var absent *rows.AbsentError
		if errors.As(err, &absent) { // which names the file
			return yield(infer.Picture{Name: file, Err: err})
		}
		if err != nil {
			return yield(infer.Picture{Name: file, Err: underName(file, err)})
		}
		p := infer.Picture{Name: cell.Name(), From: cell}
		if cell.Data == nil {
			p.Err = fmt.Errorf("%s: %w", p.Name, rows.ErrNone)
		}
		if !yield(p) {
			return false
		}
	}
	return true
}
