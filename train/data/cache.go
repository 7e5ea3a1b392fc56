package data

import (
	"fmt"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/table"
)

// Cache is a set with its pixels, decoded and resized: Len images of Size*Size RGB pixels,
// 8 bits a channel. They take 3 bytes a pixel, in memory or in files on disk, and save
// decoding and resizing in every epoch. Where they are changes no bit of a batch.
type Cache struct {
	Set    *Set             // Items[i] is image i
	Config imageprep.Config // how the pixels were made
	pix    []uint8          // of all images, one after the other; nil where they are on disk
	disk   *onDisk          // nil where they are in memory
}

// Len is the number of images.
func (c *Cache) Len() int { return len(c.Set.Items) }

// Size is the side of an image, in pixels.
func (c *Cache) Size() int { return c.Config.Size }

// bytes is how many bytes an image has.
func (c *Cache) bytes() int { return 3 * c.Config.Size * c.Config.Size }

// Image returns the pixels of image i: Size rows of Size RGB pixels. They may be shared
// and must not be changed. It fails only where they are on disk, and neither that nor the
// picture's file can be read any more.
func (c *Cache) Image(i int) ([]uint8, error) {
	if c.disk == nil {
		return c.view(i, nil)
	}
	return c.view(i, make([]uint8, c.bytes()))
}

// view is Image with room for the pixels where they are on disk.
func (c *Cache) view(i int, room []uint8) ([]uint8, error) {
	if c.disk != nil {
		return room, c.disk.read(i, room)
	}
	n := c.bytes()
	return c.pix[i*n : (i+1)*n : (i+1)*n], nil
}

// willNeed reads images ahead that are on disk.
func (c *Cache) willNeed(indices []int) {
	if c.disk != nil {
		c.disk.willNeed(indices)
	}
}

// Share returns a cache of the same pixels, whose set can be split on its own. It must
// not be closed.
func (c *Cache) Share() *Cache {
	return &Cache{Set: c.Set.clone(), Config: c.Config, pix: c.pix, disk: c.disk}
}

// Close gives up the files where pixels are on disk.
func (c *Cache) Close() error {
	if c == nil || c.disk == nil {
		return nil
	}
	return c.disk.store.Close()
}

// Kept says for people where the pixels are.
func (c *Cache) Kept() string {
	size := table.Bytes(c.Bytes())
	if c.disk == nil {
		return "pixels in memory, " + size
	}
	if c.disk.dir == "" || c.disk.limit <= 0 {
		return fmt.Sprintf("pixels are kept nowhere, %s: every picture is decoded in every epoch", size)
	}
	kept := fmt.Sprintf("pixels on disk, %s in %s, which keeps %s at most", size, c.disk.dir,
		table.Bytes(c.disk.limit))
	if n := c.disk.lacking(); n > 0 {
		kept += fmt.Sprintf("; %d of %s are not there, and are decoded in every epoch", n,
			table.Count(c.Len(), "picture"))
	}
	return kept
}

// OnDisk says whether the pixels are on disk.
func (c *Cache) OnDisk() bool { return c.disk != nil }

// Bytes is how many bytes the pixels take.
func (c *Cache) Bytes() int64 { return int64(c.Len()) * int64(c.bytes()) }
