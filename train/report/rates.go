package report

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/table"
)

// WriteRates writes the result of a rate test into a folder: lr-find.svg and .png with
// the loss over the learning rate, and lr-find.csv.
func WriteRates(dir string, points []train.RatePoint, best float64) error {
	d, err := rateCurve(points, best)
	if err != nil {
		return err
	}
	return atomicfile.WriteAll(append(d.Files(dir, "lr-find"), atomicfile.File{
		Path: filepath.Join(dir, "lr-find.csv"), Write: rateTable(points).WriteCSV})...)
}

func rateTable(points []train.RatePoint) *table.Table {
	t := table.New("lr", "loss", "smoothed")
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for _, p := range points {
		t.Add(number(p.Rate), number(p.Loss), number(p.Smoothed))
	}
	return t
}

func rateCurve(points []train.RatePoint, best float64) (picture.Picture, error) {
	if len(points) < 2 {
		return picture.Picture{}, fmt.Errorf("%d learning rates make no curve", len(points))
	}
	raw, smooth := make(plotter.XYs, len(points)), make(plotter.XYs, len(points))
	top := 0.0
	for i, p := range points {
		raw[i] = plotter.XY{X: p.Rate, Y: p.Loss}
		smooth[i] = plotter.XY{X: p.Rate, Y: p.Smoothed}
		top = max(top, min(p.Smoothed*1.2, 3*points[0].Smoothed))
	}
	title := fmt.Sprintf("Rate test: the loss falls fastest at %.2g", best)
	p := newPlot(title, "learning rate", "loss")
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	fromZero(&p.Y, top)
	var names []string
	for _, l := range []struct {
		name  string
		xy    plotter.XYs
		style draw.LineStyle
	}{
		{"falls fastest", plotter.XYs{{X: best, Y: 0}, {X: best, Y: p.Y.Max}},
			draw.LineStyle{Color: picture.Pale, Width: 1.6}},
		{"of each step", raw,
			draw.LineStyle{Color: picture.Sky, Width: 0.8, Dashes: []vg.Length{2, 2}}},
		{"smoothed", smooth, draw.LineStyle{Color: picture.Vermillion, Width: 1.8}},
	} {
		line, err := plotter.NewLine(l.xy)
		if err != nil {
			return picture.Picture{}, err
		}
		line.LineStyle = l.style
		p.Add(line)
		p.Legend.Add(l.name, line)
		names = append(names, l.name)
	}
	fromZero(&p.Y, top) // again: p.Add has widened the axis to the lines
	return withLegend(p, names), nil
}

// decades marks the powers of ten.
type decades struct{}

func (decades) Ticks(min, max float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Ceil(math.Log10(min) - 1e-9); e <= math.Log10(max)+1e-9; e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 1, 64)})
	}
	return ticks
}
