package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Writable is the error of a folder in which no file can be made, nor the folder where
// there is none; it names the folder. It leaves nothing.
func Writable(dir string) (err error) {
	dir = filepath.Clean(dir)
	var made []string // the innermost first
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		made = append(made, at)
	}
	defer func() {
		for _, at := range made {
			os.Remove(at) // unless somebody else has put something there
		}
	}()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".writable*")
	var at *fs.PathError
	if errors.As(err, &at) {
		return &fs.PathError{Op: at.Op, Path: dir, Err: at.Err}
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
