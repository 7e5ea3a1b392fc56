package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data/atomicdir"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// Drawn draws n flowers of size x size pixels, as many of each kind, in place of
// a folder of photographs. The same arguments give the same set. Items have paths
// like rose/00007.png, and the hash of their pixels; no file is read or written.
func Drawn(ctx context.Context, n, size int, seed uint64) (*Cache, error) {
	kinds := flowers.Kinds()
	if n < 2*len(kinds) || size < 1 {
		return nil, fmt.Errorf("drawn flowers: %d of %dx%d pixels, want at least %d of 1x1",
			n, size, size, 2*len(kinds))
	}
	if err := checkMemory(n, size, 0); err != nil {
		return nil, fmt.Errorf("drawn flowers: %w", err)
	}
	set := &Set{Items: make([]Item, n)}
	for _, k := range kinds {
		set.Labels = append(set.Labels, k.String())
	}
	c := &Cache{Set: set, Config: imageprep.Config{Size: size, Resize: imageprep.Stretch},
		pix: make([]uint8, n*3*size*size)}
	err := parallel(ctx, 0, n, func(i int) error {
		// Kind k has the images from k*n/kinds: in the order of the paths.
		k := ((i+1)*len(kinds) - 1) / n
		c.draw(i, kinds[k], i-k*n/len(kinds), seed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Cache) draw(i int, k flowers.Kind, number int, seed uint64) {
	pix := c.Image(i)
	copy(pix, flowers.Draw(k, DrawnSeed(seed, number), c.Config.Size).Pix)
	sum := sha256.Sum256(pix)
	c.Set.Items[i] = Item{Path: fmt.Sprintf("%s/%05d.png", k, number), Class: int(k),
		SHA256: hex.EncodeToString(sum[:])}
}

// DrawnSeed is the seed of the flower of that number in the set that [Drawn]
// makes from seed.
func DrawnSeed(seed uint64, number int) uint64 {
	return stream(seed, "drawn", uint64(number)).Uint64()
}

// DrawOptions says which drawn flowers become files.
type DrawOptions struct {
	Count   int // pictures of each kind
	Size    int // side, pixels
	Seed    uint64
	PNG     bool // PNG, which loses nothing, in place of JPEG of quality 92
	Replace bool // a folder that is there
}

// Check returns an error when the numbers are out of bounds.
func (o DrawOptions) Check() error {
	if o.Count < 1 || o.Size < 1 || o.Size > imageprep.MaxSize {
		return fmt.Errorf("drawn flowers: %d of each kind with a side of %d pixels, want 1 or more of 1 to %d",
			o.Count, o.Size, imageprep.MaxSize)
	}
	return nil
}

// DrawFolder draws flowers as files in a new folder with a folder for each kind:
// those that Drawn(5*Count, Size, Seed) has. It is an error when dir is there and
// not empty, unless Replace is set; whatever fails leaves no folder.
func DrawFolder(ctx context.Context, dir string, opts DrawOptions) error {
	if err := opts.Check(); err != nil {
		return err
	}
	return atomicdir.Write(dir, opts.Replace, func(tmp string) error {
		for _, k := range flowers.Kinds() {
			if err := os.Mkdir(filepath.Join(tmp, k.String()), 0o755); err != nil {
				return err
			}
		}
		return parallel(ctx, 0, opts.Count*len(flowers.Kinds()), func(i int) error {
			k, number := flowers.Kinds()[i/opts.Count], i%opts.Count
			name := filepath.Join(tmp, k.String(), fmt.Sprintf("%05d", number))
			return writeImage(name, flowers.Draw(k, DrawnSeed(opts.Seed, number), opts.Size), opts.PNG)
		})
	})
}

// writeImage writes a JPEG or PNG file; name is without its ending.
func writeImage(name string, m imageprep.Image, asPNG bool) (err error) {
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		copy(rgba.Pix[4*i:], m.Pix[3*i:3*i+3])
		rgba.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	if asPNG {
		name += ".png"
		err = png.Encode(&b, rgba)
	} else {
		name += ".jpg"
		err = jpeg.Encode(&b, rgba, &jpeg.Options{Quality: 92})
	}
	if err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
