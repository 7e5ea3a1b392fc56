package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/flowerctl/flowerctl/fixtures/flowers"
	"github.com/flowerctl/flowerctl/infer/imageprep"
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
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				// Kind k has the images from k*n/kinds: in the order of the paths.
				k := ((i+1)*len(kinds) - 1) / n
				c.draw(i, kinds[k], i-k*n/len(kinds), seed)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
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
