// Package features keeps, on disk, what frozen networks computed of pictures, so that a
// picture goes through a network once. A set is what one network computes of pictures
// that are prepared in one way; its features lie in files that are written once, each
// with a checksum. Several processes may fill and read a set at once. It imports nothing
// of this module but train/atomicfile and train/diskcache. Start at [Cache.Open].
package features

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/flowerctl/flowerctl/train/diskcache"
	"github.com/flowerctl/flowerctl/train/table"
)

// Cache is a folder of sets.
type Cache struct {
	// Dir is the folder, which need not be there; "" keeps nothing.
	Dir string
	// Limit is how many bytes the files of all sets have at most; those that were not
	// used for longest go first. 0 keeps nothing.
	Limit int64
	// Log hears what a person should know: a damaged file, a full disk. It may be nil.
	Log func(line string)
}

// DefaultLimit is 1 GiB: 200,000 pictures of 1,280 features.
const DefaultLimit = 1 << 30

// DefaultDir is the folder flowerctl/features in the user's cache.
func DefaultDir() (string, error) { return diskcache.DefaultDir("features") }

// Folder is the cache as a folder of files.
func (c *Cache) Folder() *diskcache.Folder {
	return &diskcache.Folder{Dir: c.Dir, Limit: c.Limit, Extension: extension, Log: c.Log}
}

// Key names a set, or a picture in it, by its content.
type Key = diskcache.Key

// KeyOf is the key of some texts, none of which holds a zero byte.
func KeyOf(parts ...string) Key { return diskcache.KeyOf(parts...) }

// Store is the features of one set that are known. It is for one goroutine.
type Store struct {
	cache  *Cache
	set    Key
	dir    string
	length int
	known  map[Key][]float32

	fresh   []Key // in known, and not on disk
	written time.Time
	full    bool // nothing is written any more
}

// Open reads what is known of the wanted pictures of a set, whose features are length
// numbers each. Files that are damaged, or of another version of this program, are
// removed. It never fails: what cannot be read is computed again.
func (c *Cache) Open(set Key, length int, wanted []Key) *Store {
	s := &Store{cache: c, set: set, length: length, known: map[Key][]float32{}, written: time.Now(),
		dir: filepath.Join(c.Dir, hex.EncodeToString(set[:16])), full: c.Folder().Off()}
	if s.full {
		return s
	}
	want := make(map[Key]bool, len(wanted))
	for _, k := range wanted {
		want[k] = true
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*"+extension))
	if err != nil { // of a pattern that cannot be, such as a folder with a bracket
		return s
	}
	for _, path := range files {
		switch err := s.read(path, want); {
		case err == nil, errors.Is(err, fs.ErrNotExist): // another process made room
		case errors.Is(err, errDamaged):
			c.Folder().Say("%s: %v: its features are computed again", path, err)
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				c.Folder().Say("%v", err)
			}
		default:
			c.Folder().Say("%v: its features are computed again", err)
		}
	}
	return s
}

// Get is the features of a picture, which the caller must not change.
func (s *Store) Get(k Key) ([]float32, bool) {
	v, ok := s.known[k]
	return v, ok
}

// Len is how many pictures' features are known.
func (s *Store) Len() int { return len(s.known) }

// between is after how long features that came since are written: what a process loses
// at most that is killed.
const between = 5 * time.Second

// Put adds the features of a picture, which it keeps, and now and then writes what has
// come. A disk that takes no more is said once: the features stay in memory.
func (s *Store) Put(k Key, features []float32) error {
	if len(features) != s.length {
		return fmt.Errorf("%d features, want %d", len(features), s.length)
	}
	if _, ok := s.known[k]; !ok {
		s.fresh = append(s.fresh, k)
	}
	s.known[k] = features
	if time.Since(s.written) > between {
		s.Flush()
	}
	return nil
}

// Flush writes what has come since the last one.
func (s *Store) Flush() {
	s.written = time.Now()
	fresh := s.fresh
	s.fresh = nil
	if s.full || len(fresh) == 0 {
		return
	}
	size := fileSize(len(fresh), s.length)
	if !s.cache.Folder().MakeRoom(size) {
		s.full = true
		s.cache.Folder().Say("the cache of features has %d bytes at most: %s not kept",
			s.cache.Limit, table.Count(len(fresh), "feature"))
		return
	}
	err := s.write(fresh)
	if errors.Is(err, syscall.ENOSPC) && s.cache.Folder().MakeRoom(s.cache.Limit) { // which empties it
		err = s.write(fresh)
	}
	if err != nil {
		s.full = true
		s.cache.Folder().Say("features are not kept, and would be computed again: %v", err)
	}
}
