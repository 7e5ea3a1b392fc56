package picture

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

func square(side vg.Length) Picture {
	return Picture{side, side, func(c draw.Canvas) {
		c.FillPolygon(Blue, Rectangle(0, 0, side/2, side/2)) // lower left
		c.FillText(Words(8, text.XLeft, text.YTop), vg.Point{X: 1, Y: side}, "rose & tulip")
	}}
}

func TestBothFormatsShowTheSame(t *testing.T) {
	dir := t.TempDir()
	if err := atomicfile.WriteAll(square(60).Files(dir, "p")...); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "p.svg"))
	if err != nil || !strings.Contains(string(svg), "rose &amp; tulip") || !strings.Contains(string(svg), "Arial") {
		t.Errorf("the SVG has no text, or one font only: %v", err)
	}
	f, err := os.Open(filepath.Join(dir, "p.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil || img.Bounds().Dx() != 120 {
		t.Fatalf("got %v, %v, want two pixels a point", img.Bounds(), err)
	}
	if r, _, b, _ := img.At(20, 100).RGBA(); r != 0 || b>>8 != 0xb2 {
		t.Errorf("lower left has red %d, blue %d, want the blue square", r>>8, b>>8)
	}
	if r, g, b, _ := img.At(100, 100).RGBA(); r&g&b != 0xffff {
		t.Error("lower right is not white")
	}
}

func TestLargePicturesStayReadableByBrowsers(t *testing.T) {
	p := square(40)
	p.H = 20000
	var buf bytes.Buffer
	if err := p.PNG(&buf); err != nil {
		t.Fatal(err)
	}
	if c, err := png.DecodeConfig(&buf); err != nil || c.Height > 16000 || c.Height < 8000 {
		t.Errorf("got height %d, %v, want at most 16000", c.Height, err)
	}
}
