package imageprep

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestPicturesPreparedTogether: pictures share memory one after the other, and
// none sees another's.
func TestPicturesPreparedTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var files [][]byte
	for i := range 12 {
		img := image.NewRGBA(image.Rect(0, 0, 40+17*i, 150-9*i))
		for k := range img.Pix {
			img.Pix[k] = uint8(rng.Uint32())
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		files = append(files, b.Bytes())
	}
	both := func(data []byte) (whole, prepared Image) {
		whole, err := Decode(data)
		if err != nil {
			t.Error(err)
		}
		if prepared, err = (Config{Size: 50}).Prepare(data); err != nil {
			t.Error(err)
		}
		return whole, prepared
	}
	var wantWhole, wantPrepared []Image
	for _, data := range files {
		whole, prepared := both(data)
		wantWhole, wantPrepared = append(wantWhole, whole), append(wantPrepared, prepared)
	}
	var all sync.WaitGroup
	for first := range 4 {
		all.Go(func() {
			for k := range 10 * len(files) {
				i := (first + k*(2*first+1)) % len(files)
				whole, prepared := both(files[i])
				if !bytes.Equal(whole.Pix, wantWhole[i].Pix) || !bytes.Equal(prepared.Pix, wantPrepared[i].Pix) {
					t.Errorf("picture %d: other pixels than alone", i)
				}
			}
		})
	}
	all.Wait()
}
