package report

import (
	"errors"
	"html/template"
	"image/color"
	"io"
	"math"
	"slices"

	_ "embed"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/table"
)

// Contender is a run that is put beside others.
type Contender struct {
	Name    string // in the legend; one name is listed once
	Style   int    // runs of one style look alike: seeds of one network
	Loss    string // what kind of loss: those of different kinds are not drawn together
	History []train.Epoch
}

const (
	panelWidth  = 520 // points
	panelHeight = 230
)

// Styles are told apart by colour and by dashes, both from the first on. The
// numbers of the two have no common divisor, so that no pair comes twice before
// all have come.
var (
	styleColours = []color.Color{picture.Blue, picture.Vermillion, picture.Green, picture.Purple, picture.Orange,
		picture.Sky, picture.Black}
	styleDashes = [][]vg.Length{nil, {7, 3}, {2, 2}, {9, 2, 2, 2}, {15, 4}, {9, 2, 2, 2, 2, 2}, {4, 6}, {1, 5}}
)

// Styles is how many runs can be told apart in one picture.
func Styles() int { return len(styleColours) * len(styleDashes) }

// Comparison draws the curves of runs in one picture: validation accuracy,
// training accuracy, and where all have the same kind of loss, validation loss.
func Comparison(runs []Contender) (picture.Picture, error) {
	if !slices.ContainsFunc(runs, func(r Contender) bool { return len(r.History) > 0 }) {
		return picture.Picture{}, errors.New("none of the runs has an epoch to draw")
	}
	panels := []panel{
		{"Validation accuracy", "percent", func(e train.Epoch) float64 { return 100 * e.ValAccuracy }, 100},
		{"Training accuracy", "percent", func(e train.Epoch) float64 { return 100 * e.Accuracy }, 100},
	}
	alike := func(r Contender) bool { return r.Loss == runs[0].Loss }
	if len(slices.DeleteFunc(slices.Clone(runs), alike)) == 0 {
		panels = append(panels, panel{"Validation loss", "mean loss of an image", func(e train.Epoch) float64 { return e.ValLoss }, lossTop(runs)})
	}
	var plots []*plot.Plot
	var legend plot.Legend
	for i, panel := range panels {
		p, err := panel.plot(runs)
		if err != nil {
			return picture.Picture{}, err
		}
		if i == 0 {
			legend = p.Legend
		}
		p.Legend = plot.NewLegend()
		plots = append(plots, p)
	}
	legend.Top, legend.Left = true, true
	legend.ThumbnailWidth = 40 // the longest dashes
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.Name
	}
	side := legendRoom(legend, names)
	height := panelHeight * vg.Length(len(plots))
	return picture.Picture{W: panelWidth + side, H: height, Paint: func(c draw.Canvas) {
		for i, p := range plots {
			y := height - panelHeight*vg.Length(i+1)
			p.Draw(draw.Crop(c, 4, -side, y+6, y+panelHeight-height-4))
		}
		legend.Draw(draw.Crop(c, panelWidth+8, 0, 0, -28))
	}}, nil
}

// panel is one plot of the picture.
type panel struct {
	title, unit string
	value       func(train.Epoch) float64
	top         float64
}

func (p panel) plot(runs []Contender) (*plot.Plot, error) {
	out := newPlot(p.title, "epoch", p.unit)
	fromZero(&out.Y, p.top)
	out.X.Min, out.X.Max = 1, 2
	listed := map[string]bool{}
	for _, r := range runs {
		xy := make(plotter.XYs, len(r.History))
		for i, e := range r.History {
			xy[i] = plotter.XY{X: float64(e.Epoch), Y: math.Min(p.value(e), p.top)}
		}
		if len(xy) == 0 {
			continue
		}
		line, err := plotter.NewLine(xy)
		if err != nil {
			return nil, err
		}
		line.Color = styleColours[r.Style%len(styleColours)]
		line.Width, line.Dashes = 1.4, styleDashes[r.Style%len(styleDashes)]
		out.Add(line)
		if len(xy) == 1 {
			point, err := plotter.NewScatter(xy)
			if err != nil {
				return nil, err
			}
			point.GlyphStyle = draw.GlyphStyle{Color: line.Color, Radius: 2, Shape: draw.CircleGlyph{}}
			out.Add(point)
		}
		if !listed[r.Name] {
			out.Legend.Add(r.Name, line)
			listed[r.Name] = true
		}
	}
	return out, nil
}

// lossTop is where the axis of losses ends: an epoch that went astray must not
// flatten all others.
func lossTop(runs []Contender) (top float64) {
	first := 0.0
	for _, r := range runs {
		if len(r.History) > 0 {
			first = math.Max(first, r.History[0].ValLoss)
		}
	}
	for _, r := range runs {
		for _, e := range r.History {
			if e.ValLoss <= 2*first {
				top = math.Max(top, e.ValLoss)
			}
		}
	}
	return top
}

//go:embed comparison.html
var comparisonPage string

var comparisonTemplate = template.Must(template.New("comparison").Parse(comparisonPage))

// WriteComparison writes a page that needs nothing else: tables, notes and the
// curves.
func WriteComparison(w io.Writer, tables []*table.Table, notes []string, curves picture.Picture) error {
	page := struct {
		Tables []template.HTML
		Notes  []string
		Curves template.HTML
	}{Notes: notes}
	for _, one := range tables {
		t, err := inPage(one)
		if err != nil {
			return err
		}
		page.Tables = append(page.Tables, t)
	}
	var err error
	if page.Curves, err = inline(curves); err != nil {
		return err
	}
	return comparisonTemplate.Execute(w, page)
}
