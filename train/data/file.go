package data

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// Source is the picture at a path of the set.
func (s *Set) Source(path string) imageprep.Source { return imageprep.File(s.file(path)) }

// open opens the picture at a path of the set.
func (s *Set) open(path string) (io.ReadCloser, error) { return os.Open(s.file(path)) }

func (s *Set) file(path string) string { return filepath.Join(s.Dir, filepath.FromSlash(path)) }

// seen is the key of a file's name, size and times; zero where it could change without
// notice.
func (s *Set) seen(path string) pixels.Key { return seenFile(s.file(path), "") }

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
