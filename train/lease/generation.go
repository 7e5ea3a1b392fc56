package lease

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// tries of this process, so that two of them have files of their own.
var tries atomic.Int64

// open makes the file of a lease under a temporary name, locked where files can be.
func (l *Lease) open(unlocked bool) (temporary string, err error) {
	temporary = fmt.Sprintf("%s%d-%d", temporaries(l.path, l.Host), os.Getpid(), tries.Add(1))
	if l.file, err = os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666); err != nil {
		return "", err
	}
	if !unlocked {
		_, err = tryLock(l.file)
	}
	if errors.Is(err, errNoLocks) {
		err = nil
	}
	if err == nil {
		err = l.write()
	}
	if err != nil {
		return "", errors.Join(err, l.file.Close(), os.Remove(temporary))
	}
	return temporary, nil
}

// letters leaves out of a host's name what is none in a file's.
func letters(r rune) rune {
	if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '_'
}

// length of a lease's file, so that it is written in one piece over what was there.
const length = 512

// write writes the file, whose time of change is when the holder was last heard of.
func (l *Lease) write() error {
	text, err := json.Marshal(l.Holder)
	if err != nil {
		return err
	}
	text = append(text, bytes.Repeat([]byte{' '}, max(0, length-1-len(text)))...)
	if _, err := l.file.WriteAt(append(text, '\n'), 0); err != nil {
		return err
	}
	return l.file.Sync()
}

// file is the name of a generation.
func file(path string, generation int) string { return fmt.Sprintf("%s.%d", path, generation) }

// replace gives the temporary file the name of the next generation, unless there is a
// holder.
func (k *Keeper) replace(l *Lease, temporary string) error {
	for {
		newest, err := newest(l.path)
		if err != nil {
			return err
		}
		closing := func() error { return nil }
		if newest > 0 {
			if closing, err = k.leave(l, newest); errors.Is(err, fs.ErrNotExist) {
				continue // the next generation came, and this one went
			} else if err != nil {
				return err
			}
		}
		l.generation = newest + 1
		err = errors.Join(k.create(l, temporary), closing())
		if errors.Is(err, fs.ErrExist) {
			continue // another process was faster
		}
		if err != nil {
			return err
		}
		return l.settle()
	}
}

// create makes the file of a generation, which only one process can.
func (k *Keeper) create(l *Lease, temporary string) error {
	err := errNoLinks
	if !k.linkless {
		err = os.Link(temporary, file(l.path, l.generation))
	}
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// There are file systems without links, such as FAT. The file is empty at first: that is
	// one of a holder without a name, who was heard of just now.
	f, err := os.OpenFile(file(l.path, l.generation), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	for locked := k.unlocked; !locked && err == nil; {
		if locked, err = tryLock(f); !locked && err == nil {
			time.Sleep(time.Millisecond) // who looks at it has it for a moment
		}
	}
	if err != nil && !errors.Is(err, errNoLocks) {
		return errors.Join(err, f.Close())
	}
	err = l.file.Close()
	l.file = f
	return errors.Join(err, l.write())
}

// errNoLinks means that a file cannot have two names.
var errNoLinks = errors.New("no hard links")

// settle looks whether the new generation is the newest: a process that was slow may have
// created one that others had created, and removed, long before. Then it removes the others.
func (l *Lease) settle() error {
	top, err := newest(l.path)
	if err != nil {
		return err
	}
	if top != l.generation {
		return errors.Join(&HeldError{Path: l.path, Holder: Holder{Host: "another process"}},
			os.Remove(file(l.path, l.generation)))
	}
	for g := l.generation - 1; g > 0; g-- {
		if err := os.Remove(file(l.path, g)); errors.Is(err, fs.ErrNotExist) {
			break // and neither are those before
		} else if err != nil {
			return err
		}
	}
	return l.sweep()
}

// sweep removes the temporary files of processes of this machine that are gone.
func (l *Lease) sweep() error {
	mine := temporaries(l.path, l.Host)
	entries, err := os.ReadDir(filepath.Dir(l.path))
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), filepath.Base(mine))
		pid, _, _ := strings.Cut(rest, "-")
		if n, no := strconv.Atoi(pid); !ours || no != nil || n == os.Getpid() || alive(n) {
			continue
		}
		if gone := os.Remove(filepath.Join(filepath.Dir(l.path), e.Name())); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// temporaries is how the names of temporary files of a host's processes begin; then comes
// the process, and its try.
func temporaries(path, host string) string {
	return fmt.Sprintf("%s.new-%s-", path, strings.Map(letters, host))
}

// newest is the newest generation, 0 where there is none.
func newest(path string) (generation int, err error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), filepath.Base(path)+".")
		if n, err := strconv.Atoi(rest); ours && err == nil {
			generation = max(generation, n)
		}
	}
	return generation, err
}

// leave looks whether a generation was released or abandoned: else the error is a
// [*HeldError]. It stays locked until closing, where files can be.
func (k *Keeper) leave(l *Lease, generation int) (closing func() error, err error) {
	f, err := os.OpenFile(file(l.path, generation), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	own, err := l.file.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	was, held, err := k.judge(f, &l.Holder, own.ModTime()) // by the clock of the file system
	if held {
		err = &HeldError{l.path, was}
	}
	if err == nil {
		if l.Crashes = was.Crashes; !was.Released {
			l.Crashes++
		}
		err = l.write()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// judge reads the file of a lease and says whether its holder is there, as far as self can
// tell. The file is locked after it, where files can be and nobody has it.
func (k *Keeper) judge(f *os.File, self *Holder, now time.Time) (was Holder, held bool, err error) {
	locked, err := false, errNoLocks
	if !k.unlocked {
		locked, err = tryLock(f)
	}
	locks := !errors.Is(err, errNoLocks)
	if err != nil && locks {
		return was, false, err
	}
	was, heard, err := readHolder(f)
	if err != nil {
		return was, false, err
	}
	switch here := was.sameKernel(self); {
	case was.Released:
		return was, false, nil
	case locks && !locked:
		return was, true, nil
	case here && locks: // a living process would have the lock
		return was, false, nil
	case here && was.Space == self.Space && !alive(was.PID):
		return was, false, nil
	}
	return was, now.Sub(heard) <= k.Limit, nil
}

// readHolder reads the file of a lease, and when its holder was last heard of. One that is
// damaged has a holder without a name: its time alone counts.
func readHolder(f *os.File) (h Holder, heard time.Time, err error) {
	text := make([]byte, length)
	n, _ := f.ReadAt(text, 0) // what is missing shows in the JSON
	if json.Unmarshal(text[:n], &h) != nil {
		h = Holder{Host: "unknown", Boot: "unknown"}
	}
	info, err := f.Stat()
	if err != nil {
		return h, heard, err
	}
	return h, info.ModTime(), nil
}
