package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrThere means that a folder is there already and holds files.
var ErrThere = errors.New("the folder is there and not empty")

// CheckDir returns an error unless [WriteDir] can make dir: nothing or an empty
// folder is there, or replace is set and it is a folder.
func CheckDir(dir string, replace bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0 && !replace:
		return fmt.Errorf("%s: %w", dir, ErrThere)
	}
	return nil
}

// WriteDir makes the folder dir, and those above it. write gets a folder beside it to
// write to; when write returns nil that takes dir's name, otherwise nothing is
// left. With replace, a folder that is there goes when the new one is complete. Errors
// name files where they would be in dir, and a disk without room is a [*Full]. Flushing
// files to the disk is up to write.
func WriteDir(dir string, replace bool, write func(temporary string) error) (err error) {
	dir = filepath.Clean(dir)
	if err := CheckDir(dir, replace); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return full(err, dir)
	}
	work, err := claim(dir, func(name string) error { return os.Mkdir(name, 0o700) })
	if err != nil {
		return err
	}
	defer func() {
		err = full(named(errors.Join(err, work.remove()), work.name, dir), dir)
	}()
	fresh := filepath.Join(work.name, freshDir)
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return err
	}
	if err := write(fresh); err != nil {
		return err
	}
	if err := CheckDir(dir, replace); err != nil { // write may take long
		return err
	}
	return swap(work.name, dir)
}

// What the temporary folder holds: the new folder, and the one that it replaces.
const (
	freshDir = "new"
	oldDir   = "old"
)

// swap gives the new folder in work the name dir, and leaves the old one in work.
func swap(work, dir string) error {
	err := os.Rename(dir, filepath.Join(work, oldDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(filepath.Join(work, freshDir), dir); err != nil {
		return errors.Join(err, restore(work, dir))
	}
	return nil
}

// restore gives the old folder in work its name back, if it lost it.
func restore(work, dir string) error {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := os.Rename(filepath.Join(work, oldDir), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
