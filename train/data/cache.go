package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/machine"
)

// Cache is a set with its pixels, decoded and resized, in memory: Len images of
// Size*Size RGB pixels, 8 bits a channel, one after the other. It takes 3 bytes a
// pixel, and saves decoding and resizing in every epoch. There is no cache on disk:
// 3,312 photographs load in seconds.
type Cache struct {
	Set    *Set             // Items[i] is image i
	Config imageprep.Config // how the pixels were made
	pix    []uint8
}

// Len is the number of images.
func (c *Cache) Len() int { return len(c.Set.Items) }

// Size is the side of an image, in pixels.
func (c *Cache) Size() int { return c.Config.Size }

// Image returns the pixels of image i: Size rows of Size RGB pixels. They are shared
// and must not be changed.
func (c *Cache) Image(i int) []uint8 {
	n := 3 * c.Config.Size * c.Config.Size
	return c.pix[i*n : (i+1)*n : (i+1)*n]
}

// Share returns a cache of the same pixels, whose set can be split on its own.
func (c *Cache) Share() *Cache {
	return &Cache{Set: c.Set.clone(), Config: c.Config, pix: c.pix}
}

// LoadOptions says how a set is loaded. The zero value is the default.
type LoadOptions struct {
	Workers int  // files that are decoded at the same time; 0 means one for each core
	Strict  bool // the first unreadable image is an error
	// Memory is the most bytes that the pixels may take; 0 means nine tenths of the
	// memory that is free now, if the system says how much that is.
	Memory int64
	// Progress is called after each image, from one goroutine at a time; may be nil.
	Progress func(done, total int)
}

// Load reads every file of the set once, for its hash and its pixels. An image that
// cannot be read is left out and added to the Problems. The Cache has a copy of the
// set; set is not changed.
//
// If set has hashes already, as one from [ReadSplit], Load returns an error unless
// every file is there and has its hash: otherwise the split is of other images. It
// is also an error if the pixels do not fit into memory, if no image of a class can
// be read, or if ctx is cancelled.
func Load(ctx context.Context, set *Set, cfg imageprep.Config, opts LoadOptions) (*Cache, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := checkMemory(len(set.Items), cfg.Size, opts.Memory); err != nil {
		return nil, fmt.Errorf("data %s: %w", set.Dir, err)
	}
	n := len(set.Items)
	l := &load{set: set.clone(), cfg: cfg, opts: opts, pix: make([]uint8, n*3*cfg.Size*cfg.Size),
		prints: make([]fingerprint, n), errs: make([]error, n)}
	if err := parallel(ctx, opts.Workers, n, l.one); err != nil {
		return nil, err
	}
	if err := l.compact(); err != nil {
		return nil, err
	}
	l.set.Similar = groupSimilar(l.prints)
	return &Cache{Set: l.set, Config: cfg, pix: l.pix}, nil
}

// load is the state of one Load.
type load struct {
	set  *Set
	cfg  imageprep.Config
	opts LoadOptions
	// By item: the pixels, the fingerprint, and why it could not be read.
	pix    []uint8
	prints []fingerprint
	errs   []error

	decoder imageprep.Decoder

	mu   sync.Mutex
	done int
}

// one reads item i. An error that it returns ends the load.
func (l *load) one(i int) error {
	it := &l.set.Items[i]
	known := it.SHA256
	err := l.read(i)
	if known != "" && err == nil && it.SHA256 != known {
		err = errors.New("not the bytes that the split was made for")
	}
	if err != nil && (l.opts.Strict || known != "") {
		return fmt.Errorf("data %s: %s: %w", l.set.Dir, it.Path, err)
	}
	l.errs[i] = err
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done++
	if l.opts.Progress != nil {
		l.opts.Progress(l.done, len(l.set.Items))
	}
	return nil
}

// read reads the file of item i.
func (l *load) read(i int) error {
	it, dst := &l.set.Items[i], l.pix[i*3*l.cfg.Size*l.cfg.Size:]
	name := filepath.Join(l.set.Dir, filepath.FromSlash(it.Path))
	err := l.decoder.View(imageprep.File(name), func(data []byte, img imageprep.Image) error {
		sum := sha256.Sum256(data)
		it.SHA256 = hex.EncodeToString(sum[:])
		copy(dst, l.cfg.Apply(img).Pix)
		l.prints[i] = newFingerprint(img)
		return nil
	})
	return reason(err)
}

// compact closes the gaps that unreadable images left.
func (l *load) compact() error {
	n, per := 0, 3*l.cfg.Size*l.cfg.Size
	readable := make([]int, len(l.set.Labels)) // images by class
	for i, it := range l.set.Items {
		if err := l.errs[i]; err != nil {
			l.set.report(it.Path, Unreadable, err.Error())
			continue
		}
		if n != i {
			copy(l.pix[n*per:(n+1)*per], l.pix[i*per:])
			l.set.Items[n], l.prints[n] = it, l.prints[i]
		}
		for _, class := range l.set.LabelsOf(&it) {
			readable[class]++
		}
		n++
	}
	l.set.Items, l.pix, l.prints = l.set.Items[:n], l.pix[:n*per], l.prints[:n]
	if c := slices.Index(readable, 0); c >= 0 {
		return fmt.Errorf("data %s: class %q: none of its images can be read", l.set.Dir, l.set.Labels[c])
	}
	return nil
}

// checkMemory refuses a cache of n images of the side size that would not fit
// into limit bytes, or, when limit is 0, into nine tenths of the free memory.
func checkMemory(n, size int, limit int64) error {
	need := 3 * float64(n) * float64(size) * float64(size)
	room, what := float64(limit), "allowed"
	if limit == 0 {
		free, ok := machine.FreeMemory()
		if !ok {
			return nil
		}
		room, what = 0.9*float64(free), "free"
	}
	if need <= room {
		return nil
	}
	return fmt.Errorf("%d images of %dx%d need %s of memory, %s are %s: "+
		"use fewer images or a smaller size", n, size, size, machine.GiB(need), machine.GiB(room), what)
}
