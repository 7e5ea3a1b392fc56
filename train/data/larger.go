package data

import (
	"context"
	"fmt"
)

// Larger is the images of one part of a set once more, at another side: for variations of
// them that are cut from real pixels. See [LoaderOptions].
type Larger struct {
	cache *Cache
	part  Part
	place []int // in cache, by the image's place in the set; -1 for other parts
}

// Larger reads the images of the part again, at the side size. They must be the files that
// they were. It takes 3 bytes a pixel too, and is closed by the caller.
func (c *Cache) Larger(ctx context.Context, part Part, size int, opts LoadOptions) (*Larger, error) {
	if c.Set.Dir == "" {
		return nil, fmt.Errorf("drawn flowers have no files to read again")
	}
	l := &Larger{part: part, place: make([]int, c.Len())}
	some := c.Set.clone()
	some.Items = some.Items[:0]
	for i, it := range c.Set.Items {
		l.place[i] = -1
		if it.Part == part {
			l.place[i] = len(some.Items)
			some.Items = append(some.Items, it)
		}
	}
	cfg := c.Config
	cfg.Size = size
	var err error
	l.cache, err = Load(ctx, some, cfg, opts)
	return l, err
}

// Cache is the images alone, of which each has its place there.
func (l *Larger) Cache() *Cache { return l.cache }

// Close gives up the files where pixels are on disk.
func (l *Larger) Close() error {
	if l == nil {
		return nil
	}
	return l.cache.Close()
}
