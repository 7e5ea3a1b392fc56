package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/picture"
)

const (
	curveWidth  = 350 // points, without the legend
	curveHeight = 320
)

// curve is one line of a plot.
type curve struct {
	name    string
	x, y    []float64
	color   color.Color
	dashes  []vg.Length
	markers draw.GlyphDrawer // nil for none
	radii   []vg.Length      // of the markers; nil for the usual one
}

// accuracyCurves draws the accuracies by epoch, and the accuracy of always answering
// the most frequent class.
func accuracyCurves(o *train.Outcome, heads []string, majority float64) (picture.Picture, error) {
	curves := []curve{
		byEpoch(o, "training", picture.Blue,
			func(e train.Epoch) float64 { return 100 * e.Accuracy }),
		byEpoch(o, "validation", picture.Vermillion,
			func(e train.Epoch) float64 { return 100 * e.ValAccuracy }),
	}
	curves[1].markers = draw.CircleGlyph{}
	for i, name := range heads {
		look := i + 3 // training, validation and the level have the first three
		c := byEpoch(o, "validation, "+name, styleColours[look%len(styleColours)],
			func(e train.Epoch) float64 { return 100 * e.ValHeads[i] })
		c.dashes = styleDashes[look%len(styleDashes)]
		curves = append(curves, c)
	}
	curves = append(curves, level(o, "most frequent class", 100*majority), best(o, 0, 100))
	p := newPlot("Accuracy", "epoch", "percent")
	p.Y.Min, p.Y.Max = 0, 100
	p.Y.Tick.Marker = wholeTicks{}
	return curvesOn(p, curves)
}

// lossCurves draws the losses by epoch.
func lossCurves(o *train.Outcome) (picture.Picture, error) {
	curves := []curve{
		byEpoch(o, "training", picture.Blue, func(e train.Epoch) float64 { return e.Loss }),
		byEpoch(o, "validation", picture.Vermillion, func(e train.Epoch) float64 { return e.ValLoss }),
	}
	curves[1].markers = draw.CircleGlyph{}
	p := newPlot("Loss", "epoch", "mean loss of an image")
	fromZero(&p.Y, lossLimit(curves))
	return curvesOn(p, append(curves, best(o, 0, p.Y.Max)))
}

// lossLimit is the largest loss of training or validation that is drawn. One epoch
// that diverged must not flatten all others: what is over four times the larger
// first loss is cut off.
func lossLimit(curves []curve) (top float64) {
	for _, c := range curves {
		for i, y := range c.y {
			if y <= 4*math.Max(curves[0].y[0], curves[1].y[0]) || i == 0 {
				top = math.Max(top, y)
			}
		}
	}
	return top
}

// byEpoch is the curve of a number of each epoch.
func byEpoch(o *train.Outcome, name string, c color.Color, y func(train.Epoch) float64) curve {
	out := curve{name: name, color: c}
	for _, e := range o.History {
		out.x, out.y = append(out.x, float64(e.Epoch)), append(out.y, y(e))
	}
	return out
}

// level is a horizontal line over all epochs.
func level(o *train.Outcome, name string, y float64) curve {
	first, last := o.History[0].Epoch, o.History[len(o.History)-1].Epoch
	return curve{name: name, x: []float64{float64(first), float64(last)}, y: []float64{y, y},
		color: picture.Grey, dashes: []vg.Length{2, 2}}
}

// best is a vertical line at the best epoch.
func best(o *train.Outcome, from, to float64) curve {
	x := float64(o.Best.Epoch)
	return curve{name: fmt.Sprintf("best epoch, %d", o.Best.Epoch), color: picture.Pale,
		x: []float64{x, x}, y: []float64{from, to}}
}

// newPlot is an empty plot in the style of all plots.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	for style, size := range map[*text.Style]vg.Length{
		&p.Title.TextStyle: 13, &p.X.Label.TextStyle: 11, &p.Y.Label.TextStyle: 11,
		&p.X.Tick.Label: 10, &p.Y.Tick.Label: 10, &p.Legend.TextStyle: 10,
	} {
		style.Font = picture.Sans(size)
	}
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = 4
	p.X.Tick.Marker = wholeTicks{}
	p.Legend.Top, p.Legend.Left = false, false
	p.Legend.ThumbnailWidth = 24
	p.Legend.Padding = 2
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, color.NRGBA{0xee, 0xee, 0xee, 0xff}
	p.Add(grid)
	return p
}

// curvesOn adds the curves to a plot, with the legend beside it.
func curvesOn(p *plot.Plot, curves []curve) (picture.Picture, error) {
	var names []string
	// The last curve, which is pale, is drawn first, below the others.
	last := len(curves) - 1
	for _, c := range slices.Concat(curves[last:], curves[:last]) {
		xy := make(plotter.XYs, len(c.x))
		for i := range xy {
			xy[i].X, xy[i].Y = c.x[i], c.y[i]
		}
		line, err := plotter.NewLine(xy)
		if err != nil {
			return picture.Picture{}, err
		}
		line.Color, line.Width, line.Dashes = c.color, 1.6, c.dashes
		p.Add(line)
		thumbnails := []plot.Thumbnailer{line}
		if c.markers != nil || len(xy) == 1 {
			points, err := plotter.NewScatter(xy)
			if err != nil {
				return picture.Picture{}, err
			}
			points.GlyphStyle = draw.GlyphStyle{Color: c.color, Radius: 2, Shape: draw.CircleGlyph{}}
			if c.radii != nil {
				points.GlyphStyleFunc = func(i int) draw.GlyphStyle {
					return draw.GlyphStyle{Color: c.color, Radius: c.radii[i], Shape: draw.CircleGlyph{}}
				}
			}
			p.Add(points)
			thumbnails = append(thumbnails, points)
		}
		p.Legend.Add(c.name, thumbnails...)
		names = append(names, c.name)
	}
	p.X.Min = math.Floor(p.X.Min)
	if p.X.Max == p.X.Min {
		p.X.Min, p.X.Max = p.X.Min-0.5, p.X.Max+0.5
	}
	return withLegend(p, names), nil
}

// legendRoom is the width of a legend beside a plot, with a margin on both sides.
func legendRoom(l plot.Legend, names []string) vg.Length {
	room := vg.Length(80) // at least, so that plots have about the same width
	for _, name := range names {
		room = max(room, l.TextStyle.Width(name))
	}
	return room + l.ThumbnailWidth + 24
}

// withLegend is the plot with its legend, which has these names, to the right.
func withLegend(p *plot.Plot, names []string) picture.Picture {
	legend := p.Legend
	legend.Top, legend.Left = true, true
	p.Legend = plot.NewLegend()
	side := legendRoom(legend, names)
	return picture.Picture{W: curveWidth + side, H: curveHeight, Paint: func(c draw.Canvas) {
		p.Draw(draw.Crop(c, 4, -side, 4, -4))
		legend.Draw(draw.Crop(c, curveWidth+8, 0, 0, -28))
	}}
}
