package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/flowerctl/flowerctl/train/metrics"
	"github.com/flowerctl/flowerctl/train/picture"
)

// Probabilities are a network's answers for images, to be drawn: how far its
// probabilities are what they promise, and how well they tell the classes apart.
type Probabilities struct {
	Labels  []string
	Answers *metrics.Answers // as they are used
	// Calibration has the answers before and after the temperature; nil where there is
	// none or it is not known.
	Calibration *metrics.Calibration
}

// pictures draws all of them.
func (p *Probabilities) pictures() ([]named, error) {
	reliability, err := p.reliability()
	if err != nil {
		return nil, err
	}
	classes := p.classCurves()
	roc, err := classes.roc()
	if err != nil {
		return nil, err
	}
	precision, err := classes.precision()
	if err != nil {
		return nil, err
	}
	coverage, err := p.coverage()
	return []named{{"reliability", reliability}, {"roc", roc}, {"precision-recall", precision},
		{"coverage", coverage}}, err
}

// stage is the reliability of answers before or after something.
type stage struct {
	name string
	metrics.Reliability
}

func (p *Probabilities) stages() []stage {
	if c := p.Calibration; c != nil {
		return []stage{{"before", c.Before}, {"after", c.After}}
	}
	return []stage{{"as answered", p.Answers.Reliability()}}
}

// reliability draws accuracy against confidence, by bins, before and after the
// temperature. The area of a point is the share of the images in its bin.
func (p *Probabilities) reliability() (picture.Picture, error) {
	looks := []curve{{color: picture.Vermillion, dashes: []vg.Length{5, 2}}, {color: picture.Blue}}
	stages := p.stages()
	var curves []curve
	for i, s := range stages {
		c := looks[len(looks)-len(stages)+i]
		c.name = fmt.Sprintf("%s, ECE %.3f", s.name, s.ECE)
		c.markers = draw.CircleGlyph{}
		for _, b := range s.Bins {
			if b.N > 0 {
				c.x, c.y = append(c.x, 100*b.Confidence), append(c.y, 100*b.Accuracy)
				share := float64(b.N) / float64(len(p.Answers.Labels))
				c.radii = append(c.radii, vg.Length(1+8*math.Sqrt(share)))
			}
		}
		curves = append(curves, c)
	}
	if c := p.Calibration; c != nil {
		curves[1].name = fmt.Sprintf("after T = %.2f, ECE %.3f", c.Temperature, c.After.ECE)
	}
	curves = append(curves, diagonal("as promised", 0, 100))
	plot := newPlot("Reliability", "probability of the answer, percent", "right answers, percent")
	plot.X.Min, plot.X.Max, plot.Y.Min, plot.Y.Max = 0, 100, 0, 100
	plot.Y.Tick.Marker = wholeTicks{}
	return curvesOn(plot, curves)
}

func diagonal(name string, from, to float64) curve {
	return curve{name: name, color: picture.Grey, dashes: []vg.Length{2, 2},
		x: []float64{from, to}, y: []float64{from, to}}
}

// coverage draws how many of the answers are right where the least confident ones are
// called unknown, against how many are given.
func (p *Probabilities) coverage() (picture.Picture, error) {
	points := p.Answers.Coverage()
	all := curve{name: "right among the answers", color: picture.Blue}
	lowest := 1.0
	for _, c := range points {
		lowest = min(lowest, c.Accuracy)
		all.x, all.y = append(all.x, 100*c.Coverage), append(all.y, 100*c.Accuracy)
	}
	all.x, all.y = thin(all.x, all.y)
	curves := []curve{all}
	for i, wanted := range []float64{0.9, 0.95, 0.99} {
		t, ok := metrics.ChooseThreshold(points, wanted)
		if !ok {
			continue
		}
		name := fmt.Sprintf("%.0f %%: from %.2f on", 100*wanted, t.Confidence)
		curves = append(curves, curve{name: name, x: []float64{100 * t.Coverage},
			y: []float64{100 * t.Precision}, color: styleColours[i+1], markers: draw.CircleGlyph{}})
	}
	whole := 0.0
	if len(points) > 0 {
		whole = 100 * points[len(points)-1].Accuracy
	}
	curves = append(curves, curve{name: fmt.Sprintf("all answers, %.1f %%", whole), color: picture.Grey,
		dashes: []vg.Length{2, 2}, x: []float64{0, 100}, y: []float64{whole, whole}})
	plot := newPlot("Coverage", "images with an answer that is not unknown, percent",
		"right answers, percent")
	plot.X.Min, plot.X.Max = 0, 100
	plot.Y.Min, plot.Y.Max = math.Max(0, 10*math.Floor(10*lowest-0.5)), 100
	plot.Y.Tick.Marker = wholeTicks{}
	return curvesOn(plot, curves)
}

// mostPoints is how many points of a curve are drawn at most.
const mostPoints = 400

// thin leaves points evenly, with the last.
func thin(x, y []float64) (thinX, thinY []float64) {
	if len(x) <= mostPoints {
		return x, y
	}
	for i := range mostPoints {
		k := i * (len(x) - 1) / (mostPoints - 1)
		thinX, thinY = append(thinX, x[k]), append(thinY, y[k])
	}
	return thinX, thinY
}

// classCurves are the curves of the classes that are drawn, and the mean of all.
type classCurves struct {
	drawn   []metrics.Curves // with their points
	left    int              // classes with images that are not drawn
	rocMean [steps + 1]float64
	prMean  [steps + 1]float64
	rocArea float64 // mean of the classes
	average float64 // mean of the average precisions
}

// steps divide the axis on which curves are averaged; mostClasses is how many classes
// have a curve of their own at most: the worst.
const (
	steps       = 200
	mostClasses = 6
)

// classCurves computes one class after the other: the points of all would be many.
func (p *Probabilities) classCurves() *classCurves { return curvesOf(p.Labels, p.Answers.Curve) }

// curvesOf are the curves of classes, or labels, of which curve gives one; false where it
// has none.
func curvesOf(labels []string, curve func(class int) (metrics.Curves, bool)) *classCurves {
	out, n := new(classCurves), 0.0
	add := func(c metrics.Curves) {
		n++
		out.rocArea += c.ROCArea
		out.average += c.AveragePrecision
		for i := range out.rocMean {
			at := float64(i) / steps
			out.rocMean[i] += recallAt(c.Points, at)
			out.prMean[i] += precisionAt(c.Points, at)
		}
		out.drawn = append(out.drawn, c)
		if len(out.drawn) > mostClasses {
			slices.SortStableFunc(out.drawn, func(a, b metrics.Curves) int {
				return cmp.Compare(a.ROCArea, b.ROCArea)
			})
			out.drawn = out.drawn[:mostClasses]
			out.left++
		}
	}
	for class, label := range labels {
		if c, ok := curve(class); ok {
			c.Label = label
			add(c)
		}
	}
	if n == 0 {
		return out
	}
	for i := range out.rocMean {
		out.rocMean[i] /= n
		out.prMean[i] /= n
	}
	out.rocArea, out.average = out.rocArea/n, out.average/n
	return out
}

// recallAt is the recall at a rate of false positives, on the line between points.
func recallAt(points []metrics.Point, at float64) float64 {
	i, _ := slices.BinarySearchFunc(points, at, func(p metrics.Point, at float64) int {
		if p.FalsePositive <= at {
			return -1
		}
		return 1
	})
	var before metrics.Point
	if i > 0 {
		before = points[i-1]
	}
	if i == len(points) {
		return before.Recall
	}
	after := points[i]
	share := (at - before.FalsePositive) / (after.FalsePositive - before.FalsePositive)
	return before.Recall + share*(after.Recall-before.Recall)
}

// precisionAt is the precision of the first point with so much recall.
func precisionAt(points []metrics.Point, at float64) float64 {
	i, _ := slices.BinarySearchFunc(points, at, func(p metrics.Point, at float64) int {
		return cmp.Compare(p.Recall, max(at, 1e-6)-1e-9)
	})
	return points[min(i, len(points)-1)].Precision
}

// roc draws true against false positives.
func (c *classCurves) roc() (picture.Picture, error) {
	mean := curve{name: fmt.Sprintf("mean of the classes %.3f", c.rocArea), color: picture.Black}
	for i, y := range c.rocMean {
		mean.x, mean.y = append(mean.x, 100*float64(i)/steps), append(mean.y, 100*y)
	}
	curves := []curve{}
	for i, class := range c.drawn {
		one := c.look(i, class.Label, class.ROCArea)
		one.x, one.y = []float64{0}, []float64{0}
		for _, p := range class.Points {
			one.x, one.y = append(one.x, 100*p.FalsePositive), append(one.y, 100*p.Recall)
		}
		one.x, one.y = thin(one.x, one.y)
		curves = append(curves, one)
	}
	curves = append(curves, mean, diagonal("by chance", 0, 100))
	return c.plot("ROC", "false positives, percent of the other classes",
		"true positives, percent of the class", curves)
}

// precision draws precision against recall: each precision reaches down to the recall
// of the threshold before, as its average counts it.
func (c *classCurves) precision() (picture.Picture, error) {
	mean := curve{name: fmt.Sprintf("mean of the classes %.3f", c.average), color: picture.Black}
	for i, y := range c.prMean {
		mean.x, mean.y = append(mean.x, 100*float64(i)/steps), append(mean.y, 100*y)
	}
	curves := []curve{}
	for i, class := range c.drawn {
		one := c.look(i, class.Label, class.AveragePrecision)
		last := 0.0
		for _, p := range class.Points {
			if recall := 100 * p.Recall; recall > last {
				one.x = append(one.x, last, recall)
				one.y = append(one.y, 100*p.Precision, 100*p.Precision)
				last = recall
			}
		}
		one.x, one.y = thin(one.x, one.y)
		curves = append(curves, one)
	}
	// The last curve is drawn below the others.
	return c.plot("Precision and recall", "recall, percent of the class",
		"precision, percent of the answers", append(curves, mean))
}

func (c *classCurves) look(i int, label string, area float64) curve {
	return curve{name: fmt.Sprintf("%s %.3f", cut(label), area), color: styleColours[i],
		dashes: styleDashes[i%len(styleDashes)]}
}

func (c *classCurves) plot(title, x, y string, curves []curve) (picture.Picture, error) {
	if c.left > 0 {
		title += fmt.Sprintf(": the %d worst classes, %d left out", len(c.drawn), c.left)
	}
	plot := newPlot(title, x, y)
	plot.X.Min, plot.X.Max, plot.Y.Min, plot.Y.Max = 0, 100, 0, 100
	plot.Y.Tick.Marker = wholeTicks{}
	return curvesOn(plot, curves)
}
