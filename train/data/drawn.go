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
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// Drawn draws n flowers of size x size pixels, the same number of each kind, instead
// of a folder of photographs. The same arguments give the same set. Items have paths
// like rose/00007.png and the hash of their pixels; no file is read or written.
func Drawn(ctx context.Context, n, size int, seed uint64) (*Cache, error) {
	kinds := flowers.Kinds()
	if n < 2*len(kinds) || size < 1 {
		return nil, fmt.Errorf("drawn flowers: %d of %dx%d pixels, want at least %d of 1x1",
			n, size, size, 2*len(kinds))
	}
	if err := checkMemory(n, size, 0, mostOfFree); err != nil {
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

// draw makes image i, the flower of that number of its kind.
func (c *Cache) draw(i int, k flowers.Kind, number int, seed uint64) {
	pix, _ := c.view(i, nil) // in memory, which does not fail
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
	PNG     bool // PNG, which loses nothing, instead of JPEG of quality 92
	Replace bool // a folder that is there
}

// Check returns an error if a number is out of bounds.
func (o DrawOptions) Check() error {
	if o.Count < 1 || o.Size < 1 || o.Size > imageprep.MaxSize {
		return fmt.Errorf("drawn flowers: %d of each kind with a side of %d pixels, "+
			"want 1 or more of 1 to %d", o.Count, o.Size, imageprep.MaxSize)
	}
	return nil
}

// DrawFolder writes the flowers of Drawn(5*Count, Size, Seed) as files into a new
// folder with a folder for each kind. It is an error if dir is there and not empty,
// unless Replace is set. After an error there is no folder.
func DrawFolder(ctx context.Context, dir string, opts DrawOptions) error {
	if err := opts.Check(); err != nil {
		return err
	}
	return atomicfile.WriteDir(dir, opts.Replace, func(tmp string) error {
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

// DrawnFiles are n drawn flowers, the kinds in turn, as the bytes of JPEG files.
func DrawnFiles(n, size int, seed uint64) ([][]byte, error) {
	files, kinds := make([][]byte, n), flowers.Kinds()
	for i := range files {
		var err error
		m := flowers.Draw(kinds[i%len(kinds)], DrawnSeed(seed, i), size)
		if files[i], err = encodeImage(m, false); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// PNG is the picture as the bytes of a PNG file.
func PNG(m imageprep.Image) ([]byte, error) { return encodeImage(m, true) }

// writeImage writes a JPEG or PNG file; name is without its ending.
func writeImage(name string, m imageprep.Image, asPNG bool) error {
	data, err := encodeImage(m, asPNG)
	if err != nil {
		return err
	}
	ending := ".jpg"
	if asPNG {
		ending = ".png"
	}
	return os.WriteFile(name+ending, data, 0o644)
}

func encodeImage(m imageprep.Image, asPNG bool) (data []byte, err error) {
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		copy(rgba.Pix[4*i:], m.Pix[3*i:3*i+3])
		rgba.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	if asPNG {
		err = png.Encode(&b, rgba)
	} else {
		err = jpeg.Encode(&b, rgba, &jpeg.Options{Quality: 92})
	}
	return b.Bytes(), err
}
