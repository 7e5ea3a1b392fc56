package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flowerctl/flowerctl/train/table"
)

// ChangedError says that the images of a split are not as they were.
type ChangedError struct {
	Dir, Path string // the folder, and the first image that differs; Path is "" without a folder
	Gone, Of  int    // so many of so many images are not there
	Err       error
}

func (e *ChangedError) Error() string {
	of := table.Count(e.Of, "image")
	if e.Path == "" {
		return fmt.Sprintf("data %s: no such folder, want that of the %s of the split", e.Dir, of)
	}
	text := fmt.Sprintf("data %s: %s: %v", e.Dir, e.Path, e.Err)
	if e.Gone > 0 {
		text += fmt.Sprintf(": %d of the %s of the split are not there", e.Gone, of)
	}
	return text
}

func (e *ChangedError) Unwrap() error { return e.Err }

// Hint says what mends it.
func (e *ChangedError) Hint() string {
	if e.Path == "" || e.Gone == e.Of {
		return "--data DIR says where they are now"
	}
	return "put the images back as they were, or --data DIR names a folder that has them so; a new run " +
		"takes those that are there"
}

// changed is the error of an image of a split that cannot be read, or is another one.
func (l *load) changed(path string, err error) error {
	e := &ChangedError{Dir: l.set.Dir, Path: path, Of: len(l.set.Items), Err: err}
	if l.set.members != nil || !errors.Is(err, fs.ErrNotExist) {
		return e
	}
	if _, err := os.Stat(l.set.Dir); errors.Is(err, fs.ErrNotExist) {
		e.Path = ""
		return e
	}
	for i := range l.set.Items { // no copies: others set the hashes of theirs meanwhile
		if _, err := os.Stat(l.set.file(l.set.Items[i].Path)); errors.Is(err, fs.ErrNotExist) {
			e.Gone++
		}
	}
	return e
}
