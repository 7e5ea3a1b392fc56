package imageprep

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestPicturesPreparedTogether: one decoder reuses memory for many pictures at the
// same time, and none sees another's.
func TestPicturesPreparedTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var files [][]byte
	for i := range 12 { // one file larger than the first read
		img := image.NewRGBA(image.Rect(0, 0, 40+17*i+i/11*300, 150-9*i+i/11*200))
		for k := range img.Pix {
			img.Pix[k] = uint8(rng.Uint32())
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		files = append(files, b.Bytes())
	}
	dir := t.TempDir()
	path := func(i int) string { return filepath.Join(dir, fmt.Sprint(i)) }
	for i, data := range files {
		if err := os.WriteFile(path(i), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	square := Config{Size: 50}
	var decoder Decoder
	all := func(i int) (images [4]Image) {
		var err [4]error
		images[0], err[0] = decoder.Decode(Bytes(files[i]))
		images[1], err[1] = decoder.Prepare(Bytes(files[i]), square)
		images[2], err[2] = decoder.Decode(File(path(i)))
		images[3], err[3] = decoder.Prepare(File(path(i)), square)
		if err := errors.Join(err[:]...); err != nil {
			t.Error(err)
		}
		return images
	}
	var alone [][4]Image
	for i := range files {
		alone = append(alone, all(i))
	}
	var together sync.WaitGroup
	for first := range 4 {
		together.Go(func() {
			for k := range 10 * len(files) {
				i := (first + k*(2*first+1)) % len(files)
				for j, img := range all(i) {
					if want := alone[i][j%2]; !bytes.Equal(img.Pix, want.Pix) {
						t.Errorf("picture %d: other pixels than alone", i)
					}
				}
			}
		})
	}
	together.Wait()
}
