package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train/picture"
)

// Bar is an accuracy with its 95 % interval.
type Bar struct {
	Accuracy float64
	Interval [2]float64
}

// Folds draws the accuracies of folds, from 1, with their intervals and their mean.
func Folds(title string, bars []Bar, mean float64) ([]picture.Picture, error) {
	p := newPlot(title, "fold", "percent")
	lowest := 1.0
	points := curve{name: "fold, 95 % interval", color: picture.Blue}
	for i, b := range bars {
		points.x, points.y = append(points.x, float64(i+1)), append(points.y, 100*b.Accuracy)
		lowest = min(lowest, b.Interval[0])
		if err := addInterval(p, float64(i+1), b.Interval); err != nil {
			return nil, err
		}
	}
	p.X.Min, p.X.Max = 0.5, float64(len(bars))+0.5
	p.Y.Min, p.Y.Max = math.Max(0, 10*math.Floor(10*lowest)), 100
	p.Y.Tick.Marker = wholeTicks{}
	thumbnail, err := addPoints(p, points)
	if err != nil {
		return nil, err
	}
	level, err := plotter.NewLine(plotter.XYs{{X: 0.5, Y: 100 * mean}, {X: p.X.Max, Y: 100 * mean}})
	if err != nil {
		return nil, err
	}
	level.Color, level.Width, level.Dashes = picture.Grey, 1.2, []vg.Length{2, 2}
	p.Add(level)
	names := []string{points.name, fmt.Sprintf("mean, %.1f %%", 100*mean)}
	p.Legend.Add(names[0], thumbnail)
	p.Legend.Add(names[1], level)
	return []picture.Picture{withLegend(p, names)}, nil
}

// addInterval adds a vertical line.
func addInterval(p *plot.Plot, x float64, interval [2]float64) error {
	line, err := plotter.NewLine(plotter.XYs{{X: x, Y: 100 * interval[0]}, {X: x, Y: 100 * interval[1]}})
	if err != nil {
		return err
	}
	line.Color, line.Width = picture.Sky, 1.6
	p.Add(line)
	return nil
}

// addPoints adds points without a line.
func addPoints(p *plot.Plot, c curve) (plot.Thumbnailer, error) {
	xy := make(plotter.XYs, len(c.x))
	for i := range xy {
		xy[i].X, xy[i].Y = c.x[i], c.y[i]
	}
	points, err := plotter.NewScatter(xy)
	if err != nil {
		return nil, err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: c.color, Radius: 2.5, Shape: draw.CircleGlyph{}}
	p.Add(points)
	return points, nil
}

// Sizes are accuracies with so many images of each class.
type Sizes struct {
	Images     int
	Accuracies []float64 // of each draw
	Mean       float64
	Interval   [2]float64 // of the mean, 95 %
}

// LearningCurve draws accuracy against the number of images of each class, on a
// logarithmic axis, with the point that is expected of more, if images is not 0.
func LearningCurve(sizes []Sizes, images int, expected float64) (picture.Picture, error) {
	p := newPlot("Learning curve", "images of each class", "right among those held out, percent")
	means := curve{name: "mean", color: picture.Blue, markers: draw.CircleGlyph{}}
	draws := curve{name: "draws", color: picture.Orange}
	lowest := 1.0
	var ticks sizeTicks
	for _, s := range sizes {
		x := float64(s.Images)
		ticks = append(ticks, s.Images)
		means.x, means.y = append(means.x, x), append(means.y, 100*s.Mean)
		lowest = min(lowest, s.Interval[0])
		for _, a := range s.Accuracies {
			lowest = min(lowest, a)
			draws.x, draws.y = append(draws.x, x), append(draws.y, 100*a)
		}
		if err := addInterval(p, x, s.Interval); err != nil {
			return picture.Picture{}, err
		}
	}
	p.X.Min, p.X.Max = float64(ticks[0])*0.8, float64(ticks[len(ticks)-1])*1.25
	thumbnail, err := addPoints(p, draws)
	if err != nil {
		return picture.Picture{}, err
	}
	curves := []curve{means}
	if images > 0 {
		ticks, p.X.Max = append(ticks, images), float64(images)*1.25
		last := sizes[len(sizes)-1]
		curves = append(curves, curve{name: "expected of twice as many", color: picture.Grey,
			dashes: []vg.Length{2, 2}, x: []float64{float64(last.Images), float64(images)},
			y: []float64{100 * last.Mean, 100 * expected}})
	}
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ticks
	p.Y.Min, p.Y.Max = math.Max(0, 10*math.Floor(10*lowest)), 100
	p.Y.Tick.Marker = wholeTicks{}
	var names []string
	for _, c := range curves {
		line, err := c.line()
		if err != nil {
			return picture.Picture{}, err
		}
		p.Add(line)
		p.Legend.Add(c.name, line)
		names = append(names, c.name)
	}
	p.Legend.Add(draws.name, thumbnail)
	return withLegend(p, append(names, draws.name)), nil
}

func (c *curve) line() (*plotter.Line, error) {
	xy := make(plotter.XYs, len(c.x))
	for i := range xy {
		xy[i].X, xy[i].Y = c.x[i], c.y[i]
	}
	line, err := plotter.NewLine(xy)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width, line.Dashes = c.color, 1.6, c.dashes
	return line, nil
}

// sizeTicks marks these numbers.
type sizeTicks []int

func (s sizeTicks) Ticks(float64, float64) []plot.Tick {
	var ticks []plot.Tick
	for _, n := range s {
		ticks = append(ticks, plot.Tick{Value: float64(n), Label: fmt.Sprint(n)})
	}
	return ticks
}
