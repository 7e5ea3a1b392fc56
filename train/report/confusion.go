package report

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/picture"
)

// confusionMatrix draws counts by true class (rows, from the top) and predicted class
// (columns). A cell is the darker the larger its share of the row is, so that rare
// classes are as visible as frequent ones. Of more than mostDrawn classes it draws
// those that are confused most, and says so.
func confusionMatrix(c *metrics.Confusion) picture.Picture {
	classes := drawnClasses(c)
	n := len(classes)
	cell := vg.Length(math.Max(12, math.Min(64, 480/float64(n))))
	small := picture.Words(10, text.XRight, text.YCenter)
	longest := vg.Length(0)
	for _, class := range classes {
		longest = max(longest, small.Width(cut(c.Labels[class])))
	}
	left, top := longest+40, vg.Length(46)
	counted := "numbers of images"
	if cell < legible {
		counted, top = "colours: the share of the row", top+scaleHeight
	}
	bottom := longest + 40
	grid := cell * vg.Length(n)
	title := "Confusion matrix"
	if n < len(c.Labels) {
		title += fmt.Sprintf(": the %d classes most confused, %d left out", n, len(c.Labels)-n)
	}
	width := max(left+grid+20, 330)
	d := picture.Picture{W: width, H: top + grid + bottom}
	d.Paint = func(canvas draw.Canvas) {
		centred := func(size, x, y vg.Length, words string) {
			canvas.FillText(picture.Words(size, text.XCenter, text.YCenter), vg.Point{X: x, Y: y}, words)
		}
		centred(13, width/2, d.H-14, title)
		centred(10, width/2, d.H-32, "rows: the true class, columns: the answer; "+counted)
		if cell < legible {
			drawScale(canvas, width/2, d.H-32-scaleHeight)
		}
		sideways := picture.Words(11, text.XCenter, text.YCenter)
		sideways.Rotation = math.Pi / 2
		canvas.FillText(sideways, vg.Point{X: 14, Y: bottom + grid/2}, "true class")
		centred(11, left+grid/2, 14, "predicted class")
		column := picture.Words(10, text.XRight, text.YCenter)
		column.Rotation = math.Pi / 2
		for i, class := range classes {
			x, y := left+cell*vg.Length(i), bottom+grid-cell*vg.Length(i+1)
			canvas.FillText(small, vg.Point{X: left - 8, Y: y + cell/2}, cut(c.Labels[class]))
			canvas.FillText(column, vg.Point{X: x + cell/2, Y: bottom - 8}, cut(c.Labels[class]))
			for j, answer := range classes {
				drawCell(canvas, left+cell*vg.Length(j), y, cell, c.Count(class, answer), c.Support(class))
			}
		}
		canvas.StrokeLines(draw.LineStyle{Color: picture.Grey, Width: 1},
			picture.Outline(left, bottom, left+grid, bottom+grid))
	}
	return d
}

// mostDrawn is how many classes are drawn at most; of more, mostConfused are.
const (
	mostDrawn    = 50
	mostConfused = 25
)

// drawnClasses are the classes of a drawing, in their order.
func drawnClasses(c *metrics.Confusion) []int {
	if len(c.Labels) > mostDrawn {
		return c.MostConfused(mostConfused)
	}
	return c.MostConfused(mostDrawn)
}

// legible is the smallest cell with room for a number, in points. With smaller cells
// a scale says what the colours mean.
const (
	legible     = 18
	scaleHeight = 22
)

// drawScale draws the colours from none to all of a row, centred at x.
func drawScale(canvas draw.Canvas, x, y vg.Length) {
	const steps, step, half = 20, 5, 5
	left := x - steps*step/2
	for i := range steps {
		from := left + vg.Length(i*step)
		canvas.FillPolygon(shade((float64(i)+0.5)/steps),
			picture.Rectangle(from, y-half, from+step, y+half))
	}
	right := left + steps*step
	canvas.StrokeLines(draw.LineStyle{Color: picture.Grey, Width: 0.5},
		picture.Outline(left, y-half, right, y+half))
	canvas.FillText(picture.Words(10, text.XRight, text.YCenter), vg.Point{X: left - 6, Y: y}, "0 %")
	canvas.FillText(picture.Words(10, text.XLeft, text.YCenter), vg.Point{X: right + 6, Y: y}, "100 %")
}

// drawCell draws the cell with this lower left corner: a count, of all in its row.
func drawCell(canvas draw.Canvas, x, y, size vg.Length, count, all int) {
	share := float64(count) / math.Max(float64(all), 1)
	canvas.FillPolygon(shade(share), picture.Rectangle(x, y, x+size, y+size))
	canvas.StrokeLines(draw.LineStyle{Color: picture.Pale, Width: 0.5},
		picture.Outline(x, y, x+size, y+size))
	if size < legible || count == 0 {
		return
	}
	style := picture.Words(min(12, size/3), text.XCenter, text.YCenter)
	if share > 0.5 {
		style.Color = color.White
	}
	middle := vg.Point{X: x + size/2, Y: y + size/2}
	if size < 36 {
		canvas.FillText(style, middle, fmt.Sprint(count))
		return
	}
	canvas.FillText(style, vg.Point{X: middle.X, Y: middle.Y + size/8}, fmt.Sprint(count))
	style.Font.Size *= 0.75
	canvas.FillText(style, vg.Point{X: middle.X, Y: middle.Y - size/5},
		fmt.Sprintf("%.0f %%", 100*share))
}

// shade goes from white at 0 to dark blue at 1, even in lightness.
func shade(share float64) color.Color {
	mix := func(a, b float64) uint8 { return uint8(math.Round(a + (b-a)*share)) }
	return color.NRGBA{mix(255, 0x08), mix(255, 0x3d), mix(255, 0x77), 255}
}

// cut shortens a long label.
func cut(label string) string {
	const most = 18
	if runes := []rune(label); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return label
}
