package shard

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train/permanent"
)

// Sum is the length and the hash of a file.
type Sum struct {
	File   string `json:"file"` // its name in the folder
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// file is a file that grows, under a hidden name until it is complete.
type file struct {
	*bufio.Writer
	f         *os.File
	hash      hash.Hash
	bytes     int64 // on the disk
	dir, name string
}

func (f *file) hidden() string { return filepath.Join(f.dir, "."+f.name+".partial") }
func (f *file) final() string  { return filepath.Join(f.dir, f.name) }

// openFile opens the file and leaves in it what was there at a checkpoint. It is empty
// where that is not what the file begins with.
func openFile(dir, name string, at Sum) (*file, error) {
	f := &file{dir: dir, name: name, hash: sha256.New()}
	if _, err := os.Lstat(f.hidden()); errors.Is(err, fs.ErrNotExist) {
		// A process that was killed between two names has left it under the final one.
		if err := os.Rename(f.final(), f.hidden()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	var err error
	if f.f, err = os.OpenFile(f.hidden(), os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, err
	}
	n, err := io.CopyN(f.hash, f.f, at.Bytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, f.f.Close())
	}
	if f.bytes = n; n != at.Bytes || at.Bytes > 0 && f.sum().SHA256 != at.SHA256 {
		f.bytes = -1 // not what the checkpoint says
	}
	return f, nil
}

// start makes the file continue at its checkpoint, or from nothing.
func (f *file) start(over bool) error {
	if over {
		f.bytes = 0
		f.hash.Reset()
	}
	if err := f.f.Truncate(f.bytes); err != nil {
		return err
	}
	if _, err := f.f.Seek(f.bytes, io.SeekStart); err != nil {
		return err
	}
	f.Writer = bufio.NewWriterSize(io.MultiWriter(f.f, f.hash, (*counter)(&f.bytes)), 1<<16)
	return nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func (f *file) sum() Sum { return Sum{f.name, f.bytes, hex.EncodeToString(f.hash.Sum(nil))} }

// flush brings everything onto the disk.
func (f *file) flush() (Sum, error) {
	err := f.Flush()
	if err == nil {
		err = f.f.Sync()
	}
	return f.sum(), err
}

// end gives the file its final name.
func (f *file) end() error { return os.Rename(f.hidden(), f.final()) }

// compare reads a complete file again, and copies it to w.
func (s Sum) compare(dir string, w io.Writer) error {
	path := filepath.Join(dir, s.File)
	if s.File != filepath.Base(s.File) {
		return permanent.Errorf("", "%s: got the name %q of a part, want one without a folder", dir,
			s.File)
	}
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		sum := sha256.New()
		var n int64
		if n, err = io.Copy(io.MultiWriter(w, sum), f); err == nil {
			got := hex.EncodeToString(sum.Sum(nil))
			if n == s.Bytes && got == s.SHA256 {
				return nil
			}
			err = fmt.Errorf("%s: damaged: got %d bytes, %s, want %d, %s", path, n, short(got), s.Bytes,
				short(s.SHA256))
			return &permanent.Error{Err: err}
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &permanent.Error{Err: fmt.Errorf("%s: %w", path, bare(err))}
	}
	return err
}
