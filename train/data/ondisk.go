package data

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// pixelsVersion changes when package imageprep makes other pixels of a picture: what is on
// disk is then made again.
const pixelsVersion = "1"

// onDisk are the pixels of a set in files.
type onDisk struct {
	set     *Set // as loaded
	cfg     imageprep.Config
	store   *pixels.Store
	dir     string
	limit   int64
	refs    []pixels.Ref // by item; those that are not there are decoded
	log     func(line string)
	decoder imageprep.Decoder

	mu   sync.Mutex
	lost []bool // by item: read from the picture's file since those on disk are damaged
}

func newOnDisk(set *Set, cfg imageprep.Config, cache pixels.Cache) *onDisk {
	prep, err := json.Marshal(cfg)
	if err != nil { // a struct of texts and finite numbers has none
		panic(err)
	}
	return &onDisk{set: set, cfg: cfg, dir: cache.Dir, limit: cache.Limit,
		log: cache.Log, refs: make([]pixels.Ref, len(set.Items)), lost: make([]bool, len(set.Items)),
		store: cache.Open(pixels.KeyOf(pixelsVersion, string(prep)),
			fmt.Sprintf("%d x %d, %s", cfg.Size, cfg.Size, cmp.Or(cfg.Resize, imageprep.Stretch)), 3*cfg.Size*cfg.Size)}
}

// toDisk finds the pixels of all items on disk, and puts there those that are missing: files
// that are as they were are not read, others are looked for by their bytes, and what is not
// there is decoded.
func (l *load) toDisk(ctx context.Context, d *onDisk) error {
	n := len(l.set.Items)
	seen, content, missing := make([]pixels.Key, n), make([]pixels.Key, n), make([]int, n)
	for i := range missing {
		missing[i] = i
	}
	missing, err := l.find(ctx, missing, d, func(i int) (pixels.Ref, pixels.Picture, bool) {
		seen[i] = l.set.seen(l.set.Items[i].Path)
		return d.store.Seen(seen[i])
	})
	if err == nil && d.store.Len() > 0 {
		missing, err = l.find(ctx, missing, d, func(i int) (pixels.Ref, pixels.Picture, bool) {
			content[i], _ = l.set.hash(l.set.Items[i].Path) // what cannot be read is not found
			return d.store.Content(content[i])
		})
	}
	if err != nil || len(missing) == 0 {
		d.store.Loaded()
		return err
	}
	end, err := d.store.Build(ctx, len(missing))
	if err != nil {
		return err
	}
	defer end()
	err = parallel(ctx, l.opts.Workers, len(missing), func(k int) error {
		i := missing[k]
		known := l.set.Items[i].SHA256
		return l.settle(i, known, l.add(i, d, seen[i], content[i]))
	})
	d.store.Loaded()
	return err
}

// find takes those of the items that are on disk, and returns the others.
func (l *load) find(ctx context.Context, items []int, d *onDisk,
	look func(i int) (pixels.Ref, pixels.Picture, bool)) (missing []int, err error) {

	absent := make([]bool, len(items))
	err = parallel(ctx, l.opts.Workers, len(items), func(k int) error {
		i := items[k]
		ref, picture, ok := look(i)
		if absent[k] = !ok; !ok {
			return nil
		}
		known := l.set.Items[i].SHA256
		l.take(i, d, ref, &picture)
		return l.settle(i, known, nil)
	})
	for k, i := range items {
		if absent[k] {
			missing = append(missing, i)
		}
	}
	return missing, err
}

// take notes what is known of a picture on disk.
func (l *load) take(i int, d *onDisk, ref pixels.Ref, p *pixels.Picture) {
	d.refs[i] = ref
	l.set.Items[i].SHA256 = hex.EncodeToString(p.Content[:])
	l.prints[i].decode(p.Note[:])
}

// add reads the file of item i, and puts its pixels on disk unless another process did so
// meanwhile.
func (l *load) add(i int, d *onDisk, seen, content pixels.Key) error {
	ref, p, ok := d.store.Seen(seen)
	if !ok {
		ref, p, ok = d.store.Content(content)
	}
	if ok {
		l.take(i, d, ref, &p)
		return nil
	}
	return l.read(i, func(img imageprep.Image) (err error) {
		p := pixels.Picture{Seen: seen}
		if _, err := hex.Decode(p.Content[:], []byte(l.set.Items[i].SHA256)); err != nil {
			return err
		}
		l.prints[i].encode(p.Note[:])
		d.refs[i], err = d.store.Add(p, l.cfg.Apply(img).Pix)
		return err
	})
}

// Hash is the SHA-256 of the picture at a path of the set, lower-case hex.
func (s *Set) Hash(path string) (string, error) {
	k, err := s.hash(path)
	return hex.EncodeToString(k[:]), err
}

// hash is the SHA-256 of a file of the set.
func (s *Set) hash(path string) (k pixels.Key, err error) {
	f, err := s.open(path)
	if err != nil {
		return k, err
	}
	defer f.Close() // it was only read
	h := sha256.New()
	if _, err = io.Copy(h, io.LimitReader(f, imageprep.MaxFile+1)); err != nil {
		return k, err
	}
	return pixels.Key(h.Sum(nil)), nil
}

// read reads the pixels of an item into dst. Those that are not on disk, or not as they
// were, are decoded from the picture's file, which must be as it was.
func (d *onDisk) read(i int, dst []uint8) error {
	if d.refs[i].There() && !d.isLost(i) {
		err := d.store.Read(d.refs[i], dst)
		if err == nil {
			return nil
		}
		d.lose(i, err)
	}
	it := &d.set.Items[i]
	err := d.decoder.View(d.set.Source(it.Path), func(data []byte, img imageprep.Image) error {
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != it.SHA256 {
			return errors.New("not the bytes that it had when the images were read")
		}
		copy(dst, d.cfg.Apply(img).Pix)
		return nil
	})
	if err != nil {
		return fmt.Errorf("data %s: %s: %w", d.set.Dir, it.Path, reason(err))
	}
	return nil
}

func (d *onDisk) isLost(i int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost[i]
}

// lose notes that the pixels of an item are damaged. The first time it looks at all others in
// the same file, so that the line says how many of how many are.
func (d *onDisk) lose(i int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost[i] {
		return
	}
	room, damaged, all := make([]uint8, 3*d.cfg.Size*d.cfg.Size), 0, 0
	for k, ref := range d.refs {
		if !ref.There() || !ref.Beside(d.refs[i]) {
			continue
		}
		if all++; k == i || d.lost[k] || d.store.Read(ref, room) != nil {
			d.lost[k] = true
			damaged++
		}
	}
	if d.log != nil {
		d.log(fmt.Sprintf("%v: %d of %d pictures in it decoded in every epoch, and kept again by the next run",
			err, damaged, all))
	}
}

// willNeed reads pictures ahead.
func (d *onDisk) willNeed(indices []int) {
	for _, i := range indices {
		if d.refs[i].There() {
			d.refs[i].WillNeed()
		}
	}
}

// lacking is how many pictures are not on disk.
func (d *onDisk) lacking() (n int) {
	for _, r := range d.refs {
		if !r.There() {
			n++
		}
	}
	return n
}

// encode writes the fingerprint into a note of a picture on disk, and decode reads it.
func (f *fingerprint) encode(note []byte) {
	binary.LittleEndian.PutUint64(note, f.hash)
	copy(note[8:], f.thumb[:])
}

func (f *fingerprint) decode(note []byte) {
	f.hash = binary.LittleEndian.Uint64(note)
	copy(f.thumb[:], note[8:])
}
