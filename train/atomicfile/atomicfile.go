// Package atomicfile writes files and folders that are either complete or not
// there: under a temporary name beside the final one, then renamed. It imports
// nothing of this module, so that every package may use it. Start at [Write] and
// [WriteDir].
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// Write makes path hold what write writes, flushed to the disk, replacing a file
// that is there. When write or the disk fails, path is as it was and nothing is left
// beside it; a disk without room is a [*Full]. The file may be read by everyone, as the
// umask allows.
func Write(path string, write func(io.Writer) error) error {
	return WriteNamed(path, func(temporary string) error { return fillNamed(temporary, write) })
}

// fillNamed writes, flushes and closes the file called name, which is there.
func fillNamed(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return fill(f, write)
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

// Create makes a file at path that holds data, complete, unless one is there: then the
// error is [fs.ErrExist]. Of several processes that do it at the same time, one does.
func Create(path string, data []byte) error {
	w, err := claim(path, createFile)
	if err != nil {
		return err
	}
	err = fillNamed(w.name, func(out io.Writer) error {
		_, err := out.Write(data)
		return err
	})
	if err == nil {
		err = os.Link(w.name, path)
	}
	return full(named(errors.Join(err, w.remove()), w.name, path), path)
}

// WriteNamed is Write for what can only write to a file of a given name: write gets
// an empty file beside path, and fills it. Flushing it to the disk is up to write.
func WriteNamed(path string, write func(temporary string) error) error {
	w, err := claim(path, createFile)
	if err != nil {
		return err
	}
	if err = write(w.name); err == nil {
		err = os.Rename(w.name, path)
	}
	if err == nil {
		return w.release() // others may take the temporary name already
	}
	return full(named(errors.Join(err, w.remove()), w.name, path), path)
}

// Link makes path a symbolic link to target, as [os.Symlink] does, in place of a file
// or link that is there. Where the system has no links, path is as it was.
func Link(target, path string) error {
	return WriteNamed(path, func(temporary string) error {
		if err := os.Remove(temporary); err != nil {
			return err
		}
		return os.Symlink(target, temporary)
	})
}

// createFile makes an empty file that was not there.
func createFile(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}
