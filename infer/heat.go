package infer

import (
	"image"
	"image/color"
	"slices"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// drawnSide is the least side of what Over draws, in pixels: the squares of networks
// are too small to look at.
const drawnSide = 320

// Over draws the heat over its image: the image in grey, and in yellow to red what
// contributes to the class, the more the redder. The size of the result is a multiple
// of the image's.
func (h Heat) Over(img imageprep.Image) *image.RGBA {
	times := max(1, (drawnSide+img.W-1)/img.W)
	out := image.NewRGBA(image.Rect(0, 0, img.W*times, img.H*times))
	low, span := h.spread()
	for y := range img.H * times {
		for x := range img.W * times {
			p := 3 * (y/times*img.W + x/times)
			r, g, b := int(img.Pix[p]), int(img.Pix[p+1]), int(img.Pix[p+2])
			grey := float32(299*r+587*g+114*b) / 1000 // ITU-R BT.601
			hot := float32(0)
			if span > 0 {
				hot = max(0, (h.at(float32(x)/float32(img.W*times), float32(y)/float32(img.H*times))-low)/span)
			}
			out.SetRGBA(x, y, heatColour(grey, hot))
		}
	}
	return out
}

// spread is the heat up to which nothing is drawn, which is the lower quartile but at
// least 0, and how far above it the hottest place is.
func (h Heat) spread() (low, span float32) {
	sorted := slices.Sorted(slices.Values(h.Values))
	low = max(0, sorted[len(sorted)/4])
	return low, sorted[len(sorted)-1] - low
}

// at is the heat at a place of the image, from 0 to 1 from the left and the top,
// interpolated between the centres of the cells (bilinear).
func (h Heat) at(x, y float32) float32 {
	x0, fx := cell(x, h.W)
	y0, fy := cell(y, h.H)
	x1, y1 := min(x0+1, h.W-1), min(y0+1, h.H-1)
	top := h.Values[y0*h.W+x0]*(1-fx) + h.Values[y0*h.W+x1]*fx
	bottom := h.Values[y1*h.W+x0]*(1-fx) + h.Values[y1*h.W+x1]*fx
	return top*(1-fy) + bottom*fy
}

// cell is the cell whose centre is before the place, and how far it is to the
// next one.
func cell(at float32, n int) (index int, fraction float32) {
	at = min(max(at*float32(n)-0.5, 0), float32(n-1))
	return int(at), at - float32(int(at))
}

// heatColour lays yellow to red over a grey level; hot is 0 to 1.
func heatColour(grey, hot float32) color.RGBA {
	cover := 0.65 * min(1, 2*hot)
	mix := func(top float32) uint8 { return uint8(grey*(1-cover) + top*cover) }
	return color.RGBA{R: mix(255), G: mix(255 * (1 - hot)), B: mix(0), A: 255}
}
