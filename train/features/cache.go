// Package features keeps, on disk, what frozen networks computed of pictures, so that a
// picture goes through a network once. A set is what one network computes of pictures
// that are prepared in one way; its features lie in files that are written once, each
// with a checksum. Several processes may fill and read a set at once. It imports nothing
// of this module but train/atomicfile. Start at [Cache.Open].
package features

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
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
func DefaultDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "flowerctl", "features"), nil
}

// Key names a set, or a picture in it, by its content.
type Key [sha256.Size]byte

// KeyOf is the key of some texts, none of which holds a zero byte.
func KeyOf(parts ...string) Key { return sha256.Sum256([]byte(strings.Join(parts, "\x00"))) }

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
		dir: filepath.Join(c.Dir, hex.EncodeToString(set[:16])), full: c.Dir == "" || c.Limit <= 0}
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
			c.say("%s: %v: its features are computed again", path, err)
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				c.say("%v", err)
			}
		default:
			c.say("%v: its features are computed again", err)
		}
	}
	return s
}

func (c *Cache) say(format string, args ...any) {
	if c.Log != nil {
		c.Log(fmt.Sprintf(format, args...))
	}
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
	if !s.cache.makeRoom(size) {
		s.full = true
		s.cache.say("the cache of features has %d bytes at most: %d features are not kept",
			s.cache.Limit, len(fresh))
		return
	}
	err := s.write(fresh)
	if errors.Is(err, syscall.ENOSPC) && s.cache.makeRoom(s.cache.Limit) { // which empties it
		err = s.write(fresh)
	}
	if err != nil {
		s.full = true
		s.cache.say("features are not kept, and would be computed again: %v", err)
	}
}

// entry is a file of the cache.
type entry struct {
	path string
	size int64
	used time.Time
}

// entries are the files of all sets, those that were not used for longest first.
func (c *Cache) entries() (list []entry, total int64) {
	files, err := filepath.Glob(filepath.Join(c.Dir, "*", "*"+extension))
	if err != nil {
		return nil, 0
	}
	for _, path := range files {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			list = append(list, entry{path, info.Size(), info.ModTime()})
			total += info.Size()
		}
	}
	slices.SortFunc(list, func(a, b entry) int {
		if d := a.used.Compare(b.used); d != 0 {
			return d
		}
		return strings.Compare(a.path, b.path)
	})
	return list, total
}

// makeRoom removes old files until so many bytes are free under the limit. It is false
// where the limit is lower than that.
func (c *Cache) makeRoom(size int64) bool {
	if size > c.Limit {
		return false
	}
	list, total := c.entries()
	for _, e := range list {
		if total+size <= c.Limit {
			break
		}
		if err := os.Remove(e.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.say("%v", err)
			continue
		}
		total -= e.size
		os.Remove(filepath.Dir(e.path)) // fails, as it should, where others are in it
	}
	return total+size <= c.Limit
}
