// Package pixels keeps, on disk, the pixels of pictures that are decoded and resized, so
// that a training need not hold them in memory and the next one need not decode them. A
// set is pixels that are made in one way; they lie in files of a gigabyte at most, which
// several processes may read at once. One process fills a set, others wait for it.
//
// Pixels are found by the SHA-256 of the picture's file. So that a file need not be read
// for that, each also has the name, size and times of the file that it was made of: what
// has all of these as before is taken to be the same.
//
// Files are read (pread), not mapped: what somebody cuts short is then an error and no
// crash (SIGBUS), and every picture is compared with its checksum as it is read. A picture
// of 224 pixels takes 25 to 40 microseconds so from the page cache, with its checksum
// (BenchmarkRead); from a mapping it took 20, and 35 the first time. A step takes
// milliseconds an image. Start at [Cache.Open].
package pixels

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/diskcache"
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

// Key names a set, or a picture.
type Key = diskcache.Key

// KeyOf is the key of some texts, none of which holds a zero byte.
func KeyOf(parts ...string) Key { return diskcache.KeyOf(parts...) }

// Picture is what is known of a picture besides its pixels.
type Picture struct {
	Content Key // SHA-256 of its file
	// Seen is the key of the file's name, size and times; zero where these would not
	// notice a change.
	Seen Key
	Note [NoteSize]byte // of the caller
}

// NoteSize is how many bytes a caller may keep with a picture.
const NoteSize = 200

// Ref is where the pixels of a picture are. The zero value is nowhere.
type Ref struct {
	pack *pack
	slot uint32
	sum  uint32
}

// There says whether the pixels are kept.
func (r Ref) There() bool { return r.pack != nil }

// Store is one set. Its methods may be called by several goroutines.
type Store struct {
	cache  *Cache
	folder *diskcache.Folder
	set    Key
	about  string
	length int // bytes of a picture
	dir    string

	mu      sync.Mutex
	packs   map[string]*pack // by path
	seen    map[Key]found
	content map[Key]found
	current *pack           // that is being filled; nil: none
	next    int             // slot of it
	missing int             // pictures that are still to come, for the size of packs
	full    bool            // nothing is written any more
	named   map[string]bool // files that Log heard of
}

// found is a picture that is kept.
type found struct {
	ref Ref
	Picture
}

// Open reads what is kept of a set, whose pictures have length bytes each. about says for
// people how the pixels were made, in 96 bytes or fewer. Files that are damaged, or of
// another version of this program, are removed. It never fails: what cannot be read is
// made again.
func (c *Cache) Open(set Key, about string, length int) *Store {
	s := &Store{cache: c, folder: c.Folder(), set: set, about: about, length: length,
		packs: map[string]*pack{}, seen: map[Key]found{}, content: map[Key]found{},
		named: map[string]bool{}, dir: filepath.Join(c.Dir, hex.EncodeToString(set[:16]))}
	s.full = s.folder.Off()
	s.refresh(false)
	return s
}

// refresh reads packs that have come. The builder also looks after those that killed
// processes left.
func (s *Store) refresh(building bool) {
	if s.folder.Off() {
		return
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.folder.Say("%v: pixels are not kept", err)
		s.full = true
		return
	}
	for _, e := range entries {
		path := filepath.Join(s.dir, e.Name())
		known := s.packs[path]
		if filepath.Ext(path) != extension || known != nil && !building {
			continue
		}
		if known != nil { // another process may have filled it since
			err = s.parse(known, building)
		} else {
			err = s.read(path, building)
		}
		if err == nil || errors.Is(err, os.ErrNotExist) || errors.Is(err, diskcache.ErrHeld) {
			continue
		}
		if !s.named[path] {
			s.named[path] = true
			s.folder.Say("%s: %v: its pictures are decoded again", path, bare(err))
		}
		if errors.Is(err, errDamaged) {
			s.folder.Remove(path)
		}
	}
	if building {
		s.trim()
	}
}

// Seen finds a picture by the name, size and times of its file.
func (s *Store) Seen(k Key) (Ref, Picture, bool) { return s.find(s.seen, k) }

// Content finds a picture by the SHA-256 of its file.
func (s *Store) Content(k Key) (Ref, Picture, bool) { return s.find(s.content, k) }

func (s *Store) find(in map[Key]found, k Key) (Ref, Picture, bool) {
	if k == (Key{}) {
		return Ref{}, Picture{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := in[k]
	return f.ref, f.Picture, ok
}

// Len is how many pictures are kept.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.content)
}

// Build begins to add about so many pictures. While another process does so it waits, and
// then knows what that one added. End is called when all are added.
func (s *Store) Build(ctx context.Context, pictures int) (end func(), err error) {
	if s.full {
		return func() {}, nil
	}
	unlock, err := diskcache.Wait(ctx, s.dir, func() {
		s.folder.Say("another process prepares pictures in the same way: waiting for it")
	})
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		s.stop("pixels are not kept: %v", err)
		return func() {}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh(true)
	s.missing = pictures
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish()
		unlock()
	}, nil
}

// stop writes nothing any more, and says why once.
func (s *Store) stop(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.full {
		s.full = true
		s.folder.Say(format, args...)
	}
}

// Add keeps the pixels of a picture, between Build and its end. Where there is no room for
// them, or the disk is full, it returns a Ref that is not there, and Log hears it once.
func (s *Store) Add(p Picture, pix []byte) (Ref, error) {
	if len(pix) != s.length {
		return Ref{}, fmt.Errorf("pixels: got %d bytes, want %d", len(pix), s.length)
	}
	s.mu.Lock()
	if f, ok := s.content[p.Content]; ok { // the same bytes under another name
		s.mu.Unlock()
		return f.ref, nil
	}
	to, slot, err := s.reserve()
	s.mu.Unlock()
	if to == nil || err != nil {
		if err != nil {
			s.noRoom(err)
		}
		return Ref{}, nil
	}
	ref, err := to.write(slot, p, pix)
	if err != nil {
		s.noRoom(err)
		return Ref{}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(found{ref, p})
	return ref, nil
}

// noRoom writes nothing any more: the pictures that are not kept are decoded again.
func (s *Store) noRoom(err error) {
	s.stop("%v: the pictures that are not in the cache are decoded in every epoch",
		atomicfile.OnDisk(err, s.dir))
}

func (s *Store) remember(f found) {
	s.content[f.Content] = f
	if f.Seen != (Key{}) {
		s.seen[f.Seen] = f
	}
}

// Loaded forgets what only loading needs.
func (s *Store) Loaded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.content = nil, nil
}

// Read reads the pixels of a picture into dst. An error says that the file is not any more
// as it was written; the picture is then made again by the next process that opens the set.
func (s *Store) Read(r Ref, dst []byte) error { return r.pack.read(r, dst) }

// Close gives the files up. No method may be called after it.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, p := range s.packs {
		errs = append(errs, p.file.Close())
	}
	s.packs = nil
	return errors.Join(errs...)
}
