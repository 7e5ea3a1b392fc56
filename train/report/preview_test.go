package report

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/data"
)

func TestPreviewNamesPolicyAndClasses(t *testing.T) {
	tile := func(red uint8, shares ...float32) data.PreviewTile {
		return data.PreviewTile{Pixels: bytes.Repeat([]uint8{red, 0, 90}, 5*5), Shares: shares}
	}
	p := Preview("mixup=0.2", []string{"rose", "<tulip>"}, 5, [][]data.PreviewTile{
		{tile(200, 0, 1), tile(150, 0.375, 0.625)},
		{tile(100, 1, 0), tile(50, 0.999, 0.001)}})
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for want, times := range map[string]int{"Augmentation: mixup=0.2": 1, ">the image<": 1, ">epoch 1<": 1, ">epoch 2<": 0,
		">&lt;tulip&gt;<": 1, "&lt;tulip&gt; 62 %": 1, ">rose 38 %<": 1, ">rose<": 2, "<image ": 4} {
		if n := strings.Count(string(svg), want); n != times {
			t.Errorf("the picture has %q %d times, want %d", want, n, times)
		}
	}
	var buf bytes.Buffer
	if err := p.PNG(&buf); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&buf)
	if err != nil {
		t.Fatal(err)
	}
	side := 2 * tileSide // dots, as 5 pixels of 31 dots are at least
	if r, _, b, _ := img.At(2*tileGap+side/2, 2*46+side/2).RGBA(); r>>8 != 200 || b>>8 != 90 {
		t.Errorf("the first tile is of red %d, blue %d, want 200 and 90", r>>8, b>>8)
	}
}
