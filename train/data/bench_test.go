package data

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// BenchmarkEpoch makes the batches of an epoch of 500 drawn pictures of 224 pixels, from
// memory and from disk.
func BenchmarkEpoch(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "flowers")
	if err := DrawFolder(b.Context(), dir, DrawOptions{Count: 100, Size: 224}); err != nil {
		b.Fatal(err)
	}
	cache := pixels.Cache{Dir: b.TempDir(), Limit: 1 << 30}
	for _, where := range []Where{InMemory, OnDisk} {
		c, err := Load(b.Context(), scan(b, dir), imageprep.Config{Size: 224},
			LoadOptions{Pixels: where, Disk: cache})
		if err == nil {
			err = c.Set.Split(SplitOptions{Seed: 1})
		}
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range []string{"none", "flip", "light"} {
			policy, err := augment.ParsePolicy(name)
			if err != nil {
				b.Fatal(err)
			}
			l := newLoader(b, c, Train, LoaderOptions{Batch: 32, Shuffle: true, Augment: policy})
			b.Run(fmt.Sprintf("%s/%s", where, name), func(b *testing.B) {
				for epoch := 0; b.Loop(); epoch++ {
					for _, err := range l.Batches(b.Context(), epoch) {
						if err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(l.Len()*b.N)/b.Elapsed().Seconds(), "images/s")
			})
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
