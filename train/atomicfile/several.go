package atomicfile

import (
	"errors"
	"io"
	"os"
)

// File is one of the files that [WriteAll] writes.
type File struct {
	Path  string
	Write func(io.Writer) error
}

// WriteAll writes files that belong together, as [Write] does each: none gets its name
// before all of them are on the disk. When a disk fails before that, all paths are as
// they were and nothing is left beside them.
func WriteAll(files ...File) (err error) {
	var ready []*temporary
	defer func() {
		for _, w := range ready {
			err = errors.Join(err, w.remove())
		}
	}()
	for _, f := range files {
		w, err := claim(f.Path, createFile)
		if err != nil {
			return err
		}
		ready = append(ready, w)
		if err := fillNamed(w.name, f.Write); err != nil {
			return full(named(err, w.name, f.Path), f.Path)
		}
	}
	for _, f := range files {
		w := ready[0]
		if err := os.Rename(w.name, f.Path); err != nil {
			return full(named(err, w.name, f.Path), f.Path)
		}
		ready = ready[1:]
		if err := w.release(); err != nil {
			return err
		}
	}
	return nil
}
