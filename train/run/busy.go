package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/lease"
)

// BusyError says that another process is at work on a run.
type BusyError struct {
	Dir string
	lease.Holder
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s: process %d on %s is training there", e.Dir, e.PID, e.Host)
}

// Hint says what can be done.
func (e *BusyError) Hint() string {
	hint := "wait for it, or stop it first; or another folder"
	if host, err := os.Hostname(); err == nil && host == e.Host {
		return hint
	}
	return hint + "; of a machine that is gone it is free a minute after that was heard of"
}

// LeasePath is that of the lease on the folder: whoever has it may write there.
func (f Folder) LeasePath() string { return f.path(".lock") }

// Hold takes the lease on the folder, which is made if need be. Where another process has it
// the error is a [*BusyError].
func (f Folder) Hold() (*lease.Lease, error) {
	l, err := lease.Keeper{}.Take(f.LeasePath())
	var held *lease.HeldError
	if errors.As(err, &held) {
		return nil, &BusyError{f.Dir, held.Holder}
	}
	return l, err
}

// idle is a [*BusyError] where a process has the lease on the folder.
func (f Folder) idle() error {
	holder, err := lease.Keeper{}.Held(f.LeasePath())
	if err == nil && holder != nil {
		err = &BusyError{f.Dir, *holder}
	}
	return err
}

// look remembers which run is in the folder, so that unchanged knows it again. Where another
// process is at work there that is an error, found before images are read.
func (s *Session) look() error {
	if s.options.Dir == "" {
		return nil
	}
	f := Folder{s.options.Dir}
	s.there, _ = os.Stat(f.ConfigPath()) // nil: none that can be read
	if s.options.Lease != nil {
		return nil
	}
	return f.idle()
}

// unchanged is an error where another process has trained in the folder since the session
// was opened, or since the checkpoint was read that it goes on from.
func (s *Session) unchanged(f Folder) error {
	r := s.options.Resume
	switch {
	case r == nil && !same(f.ConfigPath(), s.there):
		return fmt.Errorf("%s: another process has trained there since this one began: start again",
			f.Dir)
	case r != nil && r.read != nil && !same(f.path(train.LastFile), r.read):
		return fmt.Errorf("%s: another process has written %s since it was read: start again", f.Dir,
			train.LastFile)
	}
	return nil
}

// same says whether a file is the one that it was; nil: it was not there.
func same(path string, was os.FileInfo) bool {
	now, err := os.Stat(path)
	if was == nil || err != nil {
		return was == nil && errors.Is(err, fs.ErrNotExist)
	}
	return os.SameFile(now, was) && now.ModTime().Equal(was.ModTime())
}
