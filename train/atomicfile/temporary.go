package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// writers is how many may write the same path at the same time.
const writers = 16

// oldAge is the time after which nobody is writing to a file any more.
const oldAge = 24 * time.Hour

// temporary is a file or folder beside the path that it will become.
type temporary struct {
	name string
	lock io.Closer
}

// infix stands between a file's name and a number in a temporary name.
const infix = ".writing-"

// temporaryName is the name for the i-th of those who write path at the same time.
// It starts with a dot, so that what a killed process leaves is not found by
// patterns such as * and *.ckpt in a shell.
func temporaryName(path string, i int) string {
	dir, name := filepath.Split(path)
	return filepath.Join(dir, fmt.Sprintf(".%s%s%d", name, infix, i))
}

// claim makes a temporary file or folder for path, and removes those that killed
// processes left. create fails with [fs.ErrExist] where something is there.
func claim(path string, create func(name string) error) (*temporary, error) {
	sweep(filepath.Dir(path))
	var mine *temporary
	for i := range writers {
		name := temporaryName(path, i)
		removeAbandoned(name, path)
		if mine != nil {
			continue
		}
		if err := create(name); errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return nil, full(named(err, name, path), path)
		}
		// Until it is locked, another writer may take it for abandoned.
		lock, err := hold(name)
		if err == nil || errors.Is(err, errNoLocks) {
			mine = &temporary{name, lock}
		}
	}
	if mine == nil {
		return nil, fmt.Errorf("%s: %d others are writing it", path, writers)
	}
	return mine, nil
}

// remove removes what is under the temporary name, and gives the name up.
func (t *temporary) remove() error { return errors.Join(os.RemoveAll(t.name), t.release()) }

// release gives the temporary name up.
func (t *temporary) release() error {
	if t.lock == nil {
		return nil
	}
	return t.lock.Close()
}

// errNoLocks means that a file cannot be locked: the system or the file system has no
// locks, or it is another user's.
var errNoLocks = errors.New("files cannot be locked here")

// removeAbandoned removes the temporary file or folder called name, if the process
// that made it is gone: that one held a lock on it, which the system releases when
// a process ends, however it ends, so whoever gets the lock knows. Where that
// cannot be asked it is gone if the file is a day old. A process that was killed between
// the two renames of swap left path's old folder here: it gets its name back.
func removeAbandoned(name, path string) {
	info, err := os.Lstat(name)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return
	}
	lock, err := hold(name)
	if err == nil {
		defer lock.Close()
	}
	if !abandoned(err, info.ModTime()) {
		return
	}
	if info.IsDir() && restore(name, path) != nil {
		return
	}
	os.RemoveAll(name) // where that fails, claim takes another name
}

// abandoned says whether a file's process is gone, from the error of hold and the
// time at which the file was modified last.
func abandoned(err error, modified time.Time) bool {
	return err == nil || errors.Is(err, errNoLocks) && time.Since(modified) > oldAge
}

// named is err about path where it was about the temporary file, of which the user
// knows nothing.
func named(err error, temporary, path string) error {
	var p *fs.PathError
	if errors.As(err, &p) && p.Path == temporary {
		p.Path = path
	}
	if errors.As(err, &p) {
		if rest, under := strings.CutPrefix(p.Path, filepath.Join(temporary, freshDir)); under {
			p.Path = path + rest
		}
	}
	var l *os.LinkError
	if errors.As(err, &l) && l.Old == temporary {
		return &fs.PathError{Op: "replace", Path: path, Err: l.Err}
	}
	return err
}
