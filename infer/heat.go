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

// Over draws the heat over its image, as the network saw it: the image in grey, and in
// yellow to red what contributes to the class, the more the redder. The size of the
// result is a multiple of the image's.
func (h Heat) Over(img imageprep.Image) *image.RGBA {
	times := max(1, (drawnSide+img.W-1)/img.W)
	large := imageprep.Image{W: img.W * times, H: img.H * times}
	large.Pix = make([]uint8, 0, 3*large.W*large.H)
	for y := range large.H {
		for x := range large.W {
			at := 3 * (y/times*img.W + x/times)
			large.Pix = append(large.Pix, img.Pix[at:at+3]...)
		}
	}
	return h.draw(large, imageprep.Config{Resize: imageprep.Stretch}.Seen(1, 1))
}

// OverPhotograph draws the heat over the photograph that the network's image was made
// of by prep, like Over but in the photograph's size and shape. What the network did
// not see of it is paler.
func (h Heat) OverPhotograph(photograph imageprep.Image, prep imageprep.Config) *image.RGBA {
	return h.draw(photograph, prep.Seen(photograph.W, photograph.H))
}

// draw draws over an image of which the network saw a part.
func (h Heat) draw(img imageprep.Image, seen imageprep.Part) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
	low, span := h.spread()
	for y := range img.H {
		down := (float32(y) + 0.5) / float32(img.H)
		down = (down - float32(seen.Top)) / float32(seen.Bottom-seen.Top)
		for x := range img.W {
			across := (float32(x) + 0.5) / float32(img.W)
			across = (across - float32(seen.Left)) / float32(seen.Right-seen.Left)
			p := 3 * (y*img.W + x)
			r, g, b := int(img.Pix[p]), int(img.Pix[p+1]), int(img.Pix[p+2])
			grey := float32(299*r+587*g+114*b) / 1000 // ITU-R BT.601
			hot := float32(0)
			switch {
			case across < 0 || across > 1 || down < 0 || down > 1:
				grey = 255 - (255-grey)*0.4
			case span > 0:
				hot = max(0, (h.at(across, down)-low)/span)
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
