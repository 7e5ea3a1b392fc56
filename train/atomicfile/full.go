package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Full says that a disk takes no more of a file. What this package writes is then as it
// was before, and nothing is left beside it.
type Full struct {
	Path string // the file or folder that was to be written
	Disk string // the folder where its disk begins, such as /home; "" where not known
	Err  error  // the system's

	unchanged bool // Path is as it was
}

func (e *Full) Error() string {
	code, disk := fullCode(e.Err), "the disk"
	if e.Disk != "" {
		disk = "the disk of " + e.Disk
	}
	what := disk + " is full"
	switch {
	case slices.Contains(quotaCodes, code):
		what = "this user's share of " + disk + " is used up"
	case slices.Contains(limitCodes, code):
		what = "larger than files may become here (ulimit -f), or on " + disk
	}
	return fmt.Sprintf("%s: %s: %v", e.Path, what, code)
}

// Unwrap returns Err.
func (e *Full) Unwrap() error { return e.Err }

// Hint says what helps, and what there is.
func (e *Full) Hint() string {
	room := e.Room() + ", or write to another disk"
	if !e.unchanged {
		return room
	}
	if _, err := os.Lstat(e.Path); err == nil {
		return room + "; " + e.Path + " is as it was before"
	}
	return room + "; no part of " + e.Path + " was written"
}

// Room says how there comes to be room.
func (e *Full) Room() string {
	if slices.Contains(limitCodes, fullCode(e.Err)) {
		return "raise that limit, or make room on that disk"
	}
	return "make room on that disk"
}

// full is OnDisk for a path that is as it was.
func full(err error, path string) error {
	err = OnDisk(err, path)
	if f, ok := err.(*Full); ok && f.Path == path {
		f.unchanged = true
	}
	return err
}

// OnDisk is err as a [*Full] about path, where it says that a disk has no room. Other
// errors, and nil, are returned as they are. It is for files that this package does not
// write, such as downloads that go on where they stopped.
func OnDisk(err error, path string) error {
	var full *Full
	if err == nil || errors.As(err, &full) || fullCode(err) == 0 {
		return err
	}
	return &Full{Path: path, Disk: diskOf(path), Err: err}
}

// fullCode is the system's code for no room that err has, 0 for none.
func fullCode(err error) syscall.Errno {
	for _, code := range slices.Concat(fullCodes, quotaCodes, limitCodes) {
		if errors.Is(err, code) {
			return code
		}
	}
	return 0
}

// nearest is the path, without links, or of what is not there yet the folder above it
// that is.
func nearest(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	for {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		above := filepath.Dir(path)
		if _, err := os.Lstat(path); err == nil || above == path {
			return "" // a link to nowhere, or nothing at all
		}
		path = above
	}
}
