package data

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/archive"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// Source is the picture at a path of the set.
func (s *Set) Source(path string) imageprep.Source {
	if s.members == nil {
		return imageprep.File(s.file(path))
	}
	return imageprep.Opened(s.file(path), func() (io.ReadCloser, error) { return s.open(path) })
}

// open opens the picture at a path of the set.
func (s *Set) open(path string) (io.ReadCloser, error) {
	if s.members == nil {
		return os.Open(s.file(path))
	}
	m, ok := s.members[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: s.file(path), Err: fs.ErrNotExist}
	}
	return m.Open()
}

// Archived says whether the set is in tar or zip files.
func (s *Set) Archived() bool { return s.members != nil }

// Reader is the picture at a path of a set in archives, which is opened when it is read
// and closed at its end; nil for a set of files.
func (s *Set) Reader(path string) io.Reader {
	if !s.Archived() {
		return nil
	}
	return archive.Reader(func() (io.ReadCloser, error) { return s.open(path) })
}

// In says where the pictures of a set from [ReadSplit] are: in the folder dir, or in the
// shards that it means.
func (s *Set) In(ctx context.Context, dir string) error {
	shards, err := FindShards(dir)
	if s.Dir = dir; err != nil || shards == nil {
		return err
	}
	scanned, err := scanShards(ctx, shards, ScanOptions{})
	if err != nil {
		return err
	}
	s.Dir, s.members = scanned.Dir, scanned.members
	return nil
}

func (s *Set) file(path string) string { return filepath.Join(s.Dir, filepath.FromSlash(path)) }

// seen is the key of a file's name, size and times; zero where it could change without
// notice.
func (s *Set) seen(path string) pixels.Key {
	if m, ok := s.members[path]; ok {
		return seenFile(m.Archive, m.Key())
	}
	return seenFile(s.file(path), "")
}

// fresh is how long after a change another one may have the same time: file systems have
// times of two seconds at the coarsest (FAT), and Linux of some milliseconds.
var fresh = 2 * time.Second

// seenFile is the key of a file, or of the part of it that is called by a name. It is zero
// for one that is not there, or changed a moment ago.
func seenFile(name, part string) pixels.Key {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return pixels.Key{}
	}
	absolute, err := filepath.Abs(name)
	if err != nil || time.Since(info.ModTime()) < fresh {
		return pixels.Key{}
	}
	changed, inode := changeOf(info)
	if time.Since(changed) < fresh {
		return pixels.Key{}
	}
	return pixels.KeyOf(absolute, part, fmt.Sprint(info.Size()),
		info.ModTime().UTC().Format(time.RFC3339Nano), changed.UTC().Format(time.RFC3339Nano),
		fmt.Sprint(inode))
}
