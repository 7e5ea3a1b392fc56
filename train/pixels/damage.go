package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// errDamaged means that a file is not what this program wrote.
var errDamaged = errors.New("is damaged, or of another version")

// damaged is errDamaged for a file that ends early, and other errors as they are.
func damaged(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errDamaged
	}
	return err
}

// bare is an error of the file system without the name of the file.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// empty says whether nothing was written to an entry.
func empty(row []byte) bool {
	return !slices.ContainsFunc(row, func(b byte) bool { return b != 0 })
}

// whole says whether an entry is as it was written, and the pixels of its slot are within
// the size of the file.
func (p *pack) whole(slot int64, row []byte, size int64) bool {
	sum := binary.LittleEndian.Uint32(row[entrySize-4:])
	return sum == sumOf(row[:entrySize-4]) && p.pixelsAt(slot+1) <= size
}

// read reads a picture and compares it with its sum. One that is damaged loses its entry.
func (p *pack) read(r Ref, dst []byte) error {
	_, err := p.file.ReadAt(dst, p.pixelsAt(int64(r.slot)))
	if err = damaged(err); err == nil && sumOf(dst) != r.sum {
		err = errDamaged
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, errDamaged) {
		p.drop(r.slot) // else the next process finds it so
	}
	return fmt.Errorf("%s: %w", p.path, err)
}

// drop empties entries, if the file can still be written.
func (p *pack) drop(slots ...uint32) error {
	f, err := os.OpenFile(p.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, slot := range slots {
		if _, err := f.WriteAt(make([]byte, entrySize), p.entryAt(int64(slot))); err != nil {
			return err
		}
	}
	return nil
}

// Beside says whether the pixels are in the same file as others.
func (r Ref) Beside(other Ref) bool { return r.pack == other.pack }
