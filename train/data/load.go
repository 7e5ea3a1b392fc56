package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// Where says where pixels are kept.
type Where string

// The places. In both a training has the same weights.
const (
	InMemory Where = "memory" // an error where they do not fit
	OnDisk   Where = "disk"   // in LoadOptions.Disk
	// Auto is in memory where they take two fifths at most of what is free, and on disk
	// otherwise: Go's heap grows to twice what is in use, and the network needs room too.
	// Where nothing can be kept on disk they are in memory if they fit at all.
	Auto Where = "auto"
)

// Places lists them, the usual one first.
func Places() []Where { return []Where{Auto, InMemory, OnDisk} }

// LoadOptions says how a set is loaded. The zero value is the default.
type LoadOptions struct {
	Workers int  // files that are decoded at the same time; 0 means one for each core
	Strict  bool // the first unreadable image is an error
	// Memory is the most bytes that the pixels may take; 0 means nine tenths of the
	// memory that is free now, if the system says how much that is.
	Memory int64
	// Pixels says where pixels are kept; "" for InMemory.
	Pixels Where
	// Disk is where they are on disk. What it has no room for is decoded in every epoch.
	Disk pixels.Cache
	// Progress is called after each image, from one goroutine at a time; may be nil.
	Progress func(done, total int)
}

// Load reads every file of the set once, for its hash and its pixels, unless
// LoadOptions.Disk has both of a file that is as it was. An image that cannot be read is
// left out and added to the Problems. The Cache has a copy of the set; set is not changed.
//
// If set has hashes already, as one from [ReadSplit], Load returns a [*ChangedError] unless
// every file is there and has its hash: otherwise the split is of other images. It is also
// an error if the pixels do not fit into memory and must, if no image of a class
// can be read, or if ctx is cancelled. A cache on disk is closed by the caller.
func Load(ctx context.Context, set *Set, cfg imageprep.Config, opts LoadOptions) (*Cache, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	where, err := opts.place(len(set.Items), cfg.Size)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", set.Dir, err)
	}
	n := len(set.Items)
	l := &load{set: set.clone(), cfg: cfg, opts: opts, prints: make([]fingerprint, n),
		errs: make([]error, n)}
	c := &Cache{Set: l.set, Config: cfg}
	if where == OnDisk {
		c.disk = newOnDisk(l.set, cfg, opts.Disk)
		err = l.toDisk(ctx, c.disk)
	} else {
		l.pix = make([]uint8, n*c.bytes())
		err = parallel(ctx, opts.Workers, n, l.one)
	}
	if err == nil {
		err = l.compact(c)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	l.set.Similar = groupSimilar(l.prints)
	return c, nil
}

// place is where the pixels of n images of the side size are kept.
func (o *LoadOptions) place(n, size int) (Where, error) {
	switch o.Pixels {
	case "", InMemory:
		err := checkMemory(n, size, o.Memory, mostOfFree)
		if err != nil {
			err = fmt.Errorf("%w, or keep pixels on disk", err)
		}
		return InMemory, err
	case OnDisk:
		return OnDisk, nil
	case Auto:
		if checkMemory(n, size, o.Memory, autoOfFree) == nil {
			return InMemory, nil
		}
		if !o.disk() && checkMemory(n, size, o.Memory, mostOfFree) == nil {
			return InMemory, nil
		}
		return OnDisk, nil
	}
	return "", fmt.Errorf("pixels are kept in %q, want one of %v", o.Pixels, Places())
}

// disk says whether pixels can be kept on disk. Disk is no folder any more where they cannot,
// and its Log has heard why.
func (o *LoadOptions) disk() bool {
	folder := o.Disk.Folder()
	if folder.Off() {
		return false
	}
	err := folder.Usable()
	if err != nil {
		folder.Say("pixels are not kept on disk: %v", err)
		o.Disk.Dir = ""
	}
	return err == nil
}

// load is the state of one Load.
type load struct {
	set  *Set
	cfg  imageprep.Config
	opts LoadOptions
	// By item: the pixels in memory, the fingerprint, and why it could not be read.
	pix    []uint8
	prints []fingerprint
	errs   []error

	decoder imageprep.Decoder

	mu   sync.Mutex
	done int
}

// one reads item i. An error that it returns ends the load.
func (l *load) one(i int) error {
	known := l.set.Items[i].SHA256
	return l.settle(i, known, l.read(i, func(img imageprep.Image) error {
		copy(l.pix[i*3*l.cfg.Size*l.cfg.Size:], l.cfg.Apply(img).Pix)
		return nil
	}))
}

// settle is the end of reading item i, which failed with err or not. The split that it is
// from, if it is, knew the hash known.
func (l *load) settle(i int, known string, err error) error {
	it := &l.set.Items[i]
	if known != "" && err == nil && it.SHA256 != known {
		err = errors.New("not the bytes that the split was made for")
	}
	if err != nil && known != "" {
		return l.changed(it.Path, err)
	}
	if err != nil && l.opts.Strict {
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
func (l *load) read(i int, use func(imageprep.Image) error) error {
	it := &l.set.Items[i]
	err := l.decoder.View(l.set.Source(it.Path), func(data []byte, img imageprep.Image) error {
		sum := sha256.Sum256(data)
		it.SHA256 = hex.EncodeToString(sum[:])
		l.prints[i] = newFingerprint(img)
		return use(img)
	})
	return reason(err)
}

// compact closes the gaps that unreadable images left.
func (l *load) compact(c *Cache) error {
	n, per := 0, c.bytes()
	readable := make([]int, len(l.set.Labels)) // images by class
	for i, it := range l.set.Items {
		if err := l.errs[i]; err != nil {
			l.set.report(it.Path, Unreadable, err.Error())
			continue
		}
		if n != i {
			if c.disk != nil {
				c.disk.refs[n] = c.disk.refs[i]
			} else {
				copy(l.pix[n*per:(n+1)*per], l.pix[i*per:])
			}
			l.set.Items[n], l.prints[n] = it, l.prints[i]
		}
		for _, class := range l.set.LabelsOf(&it) {
			readable[class]++
		}
		n++
	}
	l.set.Items, l.prints = l.set.Items[:n], l.prints[:n]
	if c.disk != nil {
		c.disk.refs = c.disk.refs[:n]
	} else {
		c.pix = l.pix[:n*per]
	}
	if c := slices.Index(readable, 0); c >= 0 {
		return fmt.Errorf("data %s: class %q: none of its images can be read", l.set.Dir, l.set.Labels[c])
	}
	return nil
}

// The shares of the free memory that pixels may take: where they must be in memory, and
// where they need not.
const (
	mostOfFree = 0.9
	autoOfFree = 0.4
)

// checkMemory refuses a cache of n images of the side size that would not fit
// into limit bytes, or, when limit is 0, into a share of the free memory.
func checkMemory(n, size int, limit int64, share float64) error {
	need := 3 * float64(n) * float64(size) * float64(size)
	room, what := float64(limit), "allowed"
	if limit == 0 {
		free, ok := machine.FreeMemory()
		if !ok {
			return nil
		}
		room, what = share*float64(free), "free"
	}
	if need <= room {
		return nil
	}
	return fmt.Errorf("%d images of %dx%d need %s of memory, %s are %s: use fewer images or a "+
		"smaller size", n, size, size, machine.GiB(need), machine.GiB(room), what)
}
