// Package diskcache bounds folders of files that are kept on disk because making them
// again takes long: what was not used for longest goes first, and what a process is using
// stays. A folder has a folder for each set, and the files of all sets have one extension.
// It imports nothing of this module. Start at [Folder].
package diskcache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Key names a set, or something in it, by its content.
type Key [sha256.Size]byte

// KeyOf is the key of some texts, none of which holds a zero byte.
func KeyOf(parts ...string) Key { return sha256.Sum256([]byte(strings.Join(parts, "\x00"))) }

// Folder is a folder of sets.
type Folder struct {
	// Dir is the folder, which need not be there; "" keeps nothing.
	Dir string
	// Limit is how many bytes the files of all sets have at most. 0 keeps nothing.
	Limit int64
	// Extension is that of the files, with its dot.
	Extension string
	// Log hears what a person should know: a damaged file, a full disk. It may be nil.
	Log func(line string)
}

// Say tells Log a line.
func (f *Folder) Say(format string, args ...any) {
	if f.Log != nil {
		f.Log(fmt.Sprintf(format, args...))
	}
}

// Off says that nothing is kept.
func (f *Folder) Off() bool { return f.Dir == "" || f.Limit <= 0 }

// Existing is a path, or of what is not there the folder above it that is.
func Existing(path string) string {
	for {
		above := filepath.Dir(path)
		if _, err := os.Stat(path); err == nil || above == path {
			return path
		}
		path = above
	}
}

// Usable is why files cannot be kept in the folder, made or to be made: it or what is above it
// is a file, or cannot be written. It leaves nothing behind.
func (f *Folder) Usable() error {
	dir, which := Existing(f.Dir), f.Dir
	if dir != f.Dir {
		which += ": " + dir
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file, want a folder", which)
	}
	temporary, err := os.MkdirTemp(dir, ".flowerctl-*")
	if err == nil {
		return os.Remove(temporary)
	}
	var at *fs.PathError
	if errors.As(err, &at) { // without the random name
		err = at.Err
	}
	return fmt.Errorf("%s cannot be written: %w", which, err)
}

// DefaultDir is the folder flowerctl/name in the user's cache.
func DefaultDir(name string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "flowerctl", name), nil
}

// File is a file of a folder.
type File struct {
	Path string
	Size int64
	Used time.Time // last
}

// Files are the files of all sets, those that were not used for longest first, and how
// many bytes they have.
func (f *Folder) Files() (list []File, total int64) {
	sets, err := os.ReadDir(f.Dir)
	if err != nil {
		return nil, 0
	}
	for _, set := range sets {
		entries, _ := os.ReadDir(filepath.Join(f.Dir, set.Name())) // a file has none
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() || filepath.Ext(e.Name()) != f.Extension {
				continue
			}
			path := filepath.Join(f.Dir, set.Name(), e.Name())
			list = append(list, File{path, info.Size(), info.ModTime()})
			total += info.Size()
		}
	}
	slices.SortFunc(list, func(a, b File) int {
		if d := a.Used.Compare(b.Used); d != 0 {
			return d
		}
		return strings.Compare(a.Path, b.Path)
	})
	return list, total
}

// Touch says that a file was used now. Where that fails it goes earlier.
func Touch(path string) {
	now := time.Now()
	os.Chtimes(path, now, now)
}

// MakeRoom removes old files until so many bytes are free under the limit. It is false
// where that cannot be, and nothing is removed where the limit is lower.
func (f *Folder) MakeRoom(size int64) bool {
	if size > f.Limit {
		return false
	}
	list, total := f.Files()
	for _, file := range list {
		if total+size <= f.Limit {
			break
		}
		if f.Remove(file.Path) {
			total -= file.Size
		}
	}
	return total+size <= f.Limit
}

// Pruned is what Prune did, in files and bytes.
type Pruned struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	Left  int64 `json:"bytes_left"`
	InUse int   `json:"files_in_use"` // that would have gone
}

// Prune removes files that were last used before a time, the oldest first, until no more
// than keep bytes are left; where the time is zero, whenever they were. Files that a process
// is using stay.
func (f *Folder) Prune(before time.Time, keep int64) (p Pruned) {
	list, total := f.Files()
	p.Left = total
	for _, file := range list {
		if p.Left <= keep || !before.IsZero() && !file.Used.Before(before) {
			continue
		}
		if !f.Remove(file.Path) {
			p.InUse++
			continue
		}
		p.Files++
		p.Bytes += file.Size
		p.Left -= file.Size
	}
	return p
}

// Remove removes a file and the folder of its set where it was the last one. It is false
// where a process holds it, or it cannot be removed, which Log hears.
func (f *Folder) Remove(path string) bool {
	err := removeUnheld(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if !errors.Is(err, ErrHeld) {
			f.Say("%v", err)
		}
		return false
	}
	os.Remove(filepath.Dir(path)) // fails, as it should, where others are in it
	return true
}

// removeUnheld removes a file unless a process holds it.
func removeUnheld(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return os.Remove(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	if err := Lock(file); err != nil && !errors.Is(err, errNoLocks) {
		return err
	}
	return os.Remove(path)
}

// ErrHeld means that another process has the lock of a file.
var ErrHeld = errors.New("in use by another process")

// errNoLocks means that files cannot be locked here.
var errNoLocks = errors.New("files cannot be locked here")
