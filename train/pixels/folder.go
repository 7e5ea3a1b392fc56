package pixels

import (
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/train/diskcache"
)

// DefaultLimit is the most that is kept unless a limit is given, 50 GB: 330,000 pictures
// of 224 pixels.
const DefaultLimit = 50_000_000_000

// DefaultDir is the folder flowerctl/pixels in the user's cache.
func DefaultDir() (string, error) { return diskcache.DefaultDir("pixels") }

// Folder is the cache as a folder of files.
func (c *Cache) Folder() *diskcache.Folder {
	return &diskcache.Folder{Dir: c.Dir, Limit: c.Limit, Extension: extension, Log: c.Log}
}

// DefaultLimitAt is DefaultLimit, or where the disk of dir has less, half of what is free
// there and what the cache has already.
func DefaultLimitAt(dir string) int64 {
	c := Cache{Dir: dir}
	_, total := c.Folder().Files()
	free, err := machine.FreeDisk(diskcache.Existing(dir))
	if err != nil {
		return DefaultLimit
	}
	return max(1, min(DefaultLimit, int64(free/2)+total)) // 0 would say that nobody wants it
}
