// Package atomicfile writes files that are either complete or not there: under
// a temporary name beside the final one, flushed to the disk, then renamed.
// Start at [Write].
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write makes path hold what write writes, replacing a file that is there. When
// write or the disk fails, path is as it was and nothing is left beside it. The
// file may be read by everyone, as the umask allows.
func Write(path string, write func(io.Writer) error) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	err = fill(f, write)
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		return nil
	}
	return errors.Join(named(err, f.Name(), path), os.Remove(f.Name()))
}

// named is err about path where it was about the temporary file, of which the user
// knows nothing.
func named(err error, temporary, path string) error {
	var p *fs.PathError
	if errors.As(err, &p) && p.Path == temporary {
		p.Path = path
	}
	var l *os.LinkError
	if errors.As(err, &l) && l.Old == temporary {
		return &fs.PathError{Op: "replace", Path: path, Err: l.Err}
	}
	return err
}

// fill writes, flushes and closes f.
func fill(f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<20)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// WriteBytes makes path hold data, as Write does.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// create opens a new file beside path. Its name starts with a dot, so that a
// process that is killed leaves nothing that a glob would find.
func create(path string) (*os.File, error) {
	dir, name := filepath.Split(path)
	for range 100 {
		temporary := filepath.Join(dir, fmt.Sprintf(".%s.%08x", name, rand.Uint32()))
		f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, os.ErrExist) {
			return f, named(err, temporary, path)
		}
	}
	return nil, fmt.Errorf("%s: no free temporary name beside it", path)
}
