package imageprep

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestBudgetIsKept(t *testing.T) {
	var b budget
	var used atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			n := int64(DefaultMemory) >> (i % 5)
			release := b.acquire(n, DefaultMemory)
			if now := used.Add(n); now > DefaultMemory {
				t.Errorf("%d bytes at once", now)
			}
			used.Add(-n)
			release()
		})
	}
	wg.Wait()
	if b.used != 0 {
		t.Errorf("%d bytes in use in the end, want none", b.used)
	}
}

func TestRefusedImagesGiveTheirMemoryBack(t *testing.T) {
	var d Decoder
	for _, s := range readGolden(t).Small {
		d.Decode(Bytes(s.Data))
		d.Decode(Bytes(s.Data[:len(s.Data)/2]))
	}
	if d.images.used != 0 {
		t.Errorf("%d bytes in use, want none", d.images.used)
	}
}

// inScans is a baseline JPEG with a scan for each of its three components, which
// take so many bits a block.
func inScans(w, h, bits int) []byte {
	n := (w + 7) / 8 * ((h + 7) / 8) * bits
	return makeJPEG(0xc0, w, h, []byte{0x11, 0x11, 0x11},
		jpegScan([]byte{1}, 0, 63, n), jpegScan([]byte{2}, 0, 63, n), jpegScan([]byte{3}, 0, 63, n))
}

// libjpeg reads all scans of such an image before it inverts a block, so the
// coefficients of the whole, of 2 bytes, are in memory beside the RGB.
func TestMemoryCountsCoefficientsOfAnImageInScans(t *testing.T) {
	const w, h = 640, 480
	head, err := parseJPEG(inScans(w, h, 2))
	if err != nil {
		t.Fatal(err)
	}
	want := int64(3 * w * h) // the planes of the decoder in Go, or the RGB
	if decoder, _ := Engines(); decoder != "go" {
		want += 2 * 3 * w * h
	}
	if head.peak < want {
		t.Errorf("counts %d bytes, want at least %d", head.peak, want)
	}
}
