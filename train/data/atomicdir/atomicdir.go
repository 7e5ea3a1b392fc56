// Package atomicdir makes folders that appear complete or not at all.
package atomicdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrThere means that the folder is there already and holds files.
var ErrThere = errors.New("the folder is there and not empty")

// Check returns an error unless dir can be made: nothing or an empty folder is
// there, or replace is set and it is a folder.
func Check(dir string, replace bool) error {
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

// Write makes the folder dir, and those above it. fill gets a folder beside it to
// write to; when fill returns nil that takes dir's name, otherwise nothing is
// left. With replace, a folder that is there goes when the new one is complete.
func Write(dir string, replace bool, fill func(tmp string) error) (err error) {
	dir = filepath.Clean(dir)
	if err := Check(dir, replace); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".making-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	fresh, old := filepath.Join(work, "new"), filepath.Join(work, "old")
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return err
	}
	if err := fill(fresh); err != nil {
		return err
	}
	if err := Check(dir, replace); err != nil { // fill may take long
		return err
	}
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		if back := os.Rename(old, dir); back != nil && !errors.Is(back, fs.ErrNotExist) {
			err = errors.Join(err, back)
		}
		return err
	}
	return nil
}
