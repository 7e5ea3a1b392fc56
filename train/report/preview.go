package report

import (
	"cmp"
	"fmt"
	"image"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/picture"
)

const (
	tileSide = 76 // points at least, for a class and its share below
	tileGap  = 6
	tileLine = 9 // points, of text
)

// Preview draws the result of [data.Preview], of images of size x size pixels: the
// policy at the top, and below each image its classes, with their shares if images
// are mixed.
func Preview(policy string, labels []string, size int, rows [][]data.PreviewTile) picture.Picture {
	pixel := (2*tileSide + size - 1) / size // dots, of which a point has two
	side := vg.Length(size*pixel) / 2
	lines := 1
	for _, row := range rows {
		for _, tile := range row {
			lines = max(lines, len(classesOf(tile, labels)))
		}
	}
	const top = 46
	cell, height := side+tileGap, side+tileGap+tileLine*vg.Length(lines)
	title := picture.Words(13, text.XCenter, text.YCenter)
	caption := "Augmentation: " + policy
	d := picture.Picture{W: max(cell*vg.Length(len(rows[0]))+tileGap, title.Width(caption)+2*tileGap),
		H: top + height*vg.Length(len(rows)) + tileGap}
	d.Paint = func(c draw.Canvas) {
		c.FillText(title, vg.Point{X: d.W / 2, Y: d.H - 14}, caption)
		small := picture.Words(8, text.XCenter, text.YCenter)
		for k := range rows[0] {
			name := "the image"
			if k > 0 {
				name = fmt.Sprintf("epoch %d", k)
			}
			c.FillText(small, vg.Point{X: tileGap + cell*vg.Length(k) + side/2, Y: d.H - top + 8}, name)
		}
		for i, row := range rows {
			y := d.H - top - height*vg.Length(i) - side
			for k, tile := range row {
				x := tileGap + cell*vg.Length(k)
				c.DrawImage(vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + side, Y: y + side}},
					enlarged(tile.Pixels, size, pixel))
				for line, words := range classesOf(tile, labels) {
					c.FillText(small, vg.Point{X: x + side/2, Y: y - tileLine*(vg.Length(line)+0.6)}, words)
				}
			}
		}
	}
	return d
}

// classesOf are the classes of an image, the largest share first. Shares are given
// if there are several.
func classesOf(tile data.PreviewTile, labels []string) (lines []string) {
	type share struct {
		label string
		part  float32
	}
	var shares []share
	for class, part := range tile.Shares {
		if part >= 0.005 { // less would be 0 %
			shares = append(shares, share{labels[class], part})
		}
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.part, a.part) })
	if len(shares) == 1 {
		return []string{cut(shares[0].label)}
	}
	for _, s := range shares {
		lines = append(lines, fmt.Sprintf("%s %.0f %%", cut(s.label), 100*s.part))
	}
	return lines
}

// enlarged is an RGB image of size x size with each pixel as a square of that many
// dots, so that the pixels of training are shown without smoothing.
func enlarged(pixels []uint8, size, dots int) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, size*dots, size*dots))
	for y := range size * dots {
		for x := range size * dots {
			at := out.PixOffset(x, y)
			copy(out.Pix[at:at+3], pixels[3*(y/dots*size+x/dots):])
			out.Pix[at+3] = 255
		}
	}
	return out
}
