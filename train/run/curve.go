package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/head"
	"github.com/flowerctl/flowerctl/train/metrics"
)

// CurveOptions say which trainings a [LearningCurve] has.
type CurveOptions struct {
	Sizes []int // images of each class, rising
	Draws int   // of the images, for each size
	// Done hears of each training; may be nil.
	Done func(size, draw int, accuracy float64)
}

// LearningCurve is how accuracy grows with the number of images. Its JSON is what
// `flowerctl train --learning-curve --json` prints.
type LearningCurve struct {
	Network  string       `json:"network"`
	Head     bool         `json:"head_alone"` // no layer below was trained
	HeldOut  int          `json:"held_out"`   // images that all trainings are judged by
	Points   []CurvePoint `json:"points"`
	LeftOut  []int        `json:"left_out"` // sizes that a class has not images enough for
	Smallest int          `json:"smallest"` // images of the smallest class, without those held out
	// Twice is what the fall of the error says of twice the images of the last point;
	// nil where the error does not fall.
	Twice *Twice `json:"twice"`
}

// CurvePoint is the trainings with so many images of each class.
type CurvePoint struct {
	Images     int       `json:"images_per_class"`
	Accuracies []float64 `json:"accuracies"` // on the images held out, by draw
	Mean       float64   `json:"mean"`
	Deviation  float64   `json:"deviation"` // standard deviation, n-1; 0 of one draw
	// Interval is Wilson's, 95 %, of the mean accuracy on so many images held out: how
	// exact these say it.
	Interval [2]float64 `json:"interval"`
}

// Twice is an accuracy that is expected and was not measured.
type Twice struct {
	Images   int     `json:"images_per_class"`
	Accuracy float64 `json:"accuracy"`
}

// heldOut is the share of the images that a curve is judged by, unless the settings
// say another.
const heldOut = 0.2

// Curve trains with so many images of each class, several draws of them for each
// number, and judges all by the same images, which are the test part of the settings,
// or a fifth where they have none. No draw has an image, or a copy of one, that is
// judged by. Where the settings train a head alone, features are computed once. With
// FreezeAuto they do. No files are written.
func Curve(ctx context.Context, settings Settings, o Options, c CurveOptions) (
	curve *LearningCurve, err error) {
	if len(c.Sizes) == 0 || c.Sizes[0] < 2 || c.Draws < 1 || !slices.IsSorted(c.Sizes) ||
		len(slices.Compact(slices.Clone(c.Sizes))) < len(c.Sizes) {
		return nil, fmt.Errorf("%v images a class and %d draws, want rising numbers of 2 or more, and "+
			"1 draw or more", c.Sizes, c.Draws)
	}
	if settings.Folds+settings.ClassesPer > 0 {
		return nil, errors.New("a learning curve takes images of its own: want no folds and no other " +
			"number of images a class")
	}
	if settings.Freeze == FreezeAuto {
		settings.Freeze = FreezeAll
	}
	if settings.Test == 0 { // Val stays the same share of the others
		settings.Test, settings.Val = heldOut, settings.Val*(1-heldOut)
	}
	o.Dir = ""
	cache, err := Read(ctx, settings, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cache.Close()) }()
	if len(data.PartFolders(cache.Set)) > 0 {
		return nil, &DataError{data.ErrParts}
	}
	t := &curveTrainer{settings: settings, options: o, cache: cache}
	all, err := t.split(0, 0)
	if err != nil {
		return nil, err
	}
	counts := all.Set.Counts(data.Train)
	for class, n := range all.Set.Counts(data.Val) {
		counts[class] += n
	}
	curve = &LearningCurve{Network: settings.Name(), HeldOut: len(all.Set.Indices(data.Test)),
		Smallest: slices.Min(counts), LeftOut: []int{}}
	if curve.Head, err = t.open(ctx, all); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	for _, size := range c.Sizes {
		if size > curve.Smallest {
			curve.LeftOut = append(curve.LeftOut, size)
			continue
		}
		point := CurvePoint{Images: size}
		for draw := 1; draw <= c.Draws; draw++ {
			accuracy, err := t.train(ctx, size, draw)
			if err != nil {
				return nil, fmt.Errorf("draw %d of %d images a class: %w", draw, size, err)
			}
			if c.Done != nil {
				c.Done(size, draw, accuracy)
			}
			point.Accuracies = append(point.Accuracies, accuracy)
		}
		point.sum(curve.HeldOut)
		curve.Points = append(curve.Points, point)
	}
	if len(curve.Points) == 0 {
		return nil, fmt.Errorf("the smallest class has %d images without those held out, want %d or more",
			curve.Smallest, c.Sizes[0])
	}
	curve.Twice = curve.twice()
	return curve, nil
}

// sum fills in the figures of the accuracies.
func (p *CurvePoint) sum(heldOut int) {
	p.Mean, p.Deviation = metrics.MeanDeviation(p.Accuracies)
	p.Interval[0], p.Interval[1] = metrics.Wilson(int(math.Round(p.Mean*float64(heldOut))), heldOut)
}

// lastPoints is how many points say how the error falls: it falls more slowly the
// more images there are.
const lastPoints = 3

// twice goes on with the error as a power of the number of images (Hestness et al.
// 2017), fitted to the last points by least squares of the logarithms.
func (c *LearningCurve) twice() *Twice {
	points := c.Points[max(0, len(c.Points)-lastPoints):]
	var x, y []float64
	for _, p := range points {
		if p.Mean < 1 {
			x, y = append(x, math.Log(float64(p.Images))), append(y, math.Log(1-p.Mean))
		}
	}
	if len(x) < 2 {
		return nil
	}
	meanX, _ := metrics.MeanDeviation(x)
	meanY, _ := metrics.MeanDeviation(y)
	var xy, xx float64
	for i := range x {
		xy += (x[i] - meanX) * (y[i] - meanY)
		xx += (x[i] - meanX) * (x[i] - meanX)
	}
	last := points[len(points)-1]
	power := xy / xx
	if power >= 0 || last.Mean == 1 {
		return nil
	}
	return &Twice{Images: 2 * last.Images, Accuracy: 1 - (1-last.Mean)*math.Pow(2, power)}
}

// curveTrainer trains for the points of a curve.
type curveTrainer struct {
	settings Settings
	options  Options
	cache    *data.Cache
	// Of a head alone: a session of all images, the features of those that are held
	// out, and their classes.
	session *Session
	heldOut *head.Examples
}

// split divides the images for a draw of so many a class; 0 takes all.
func (t *curveTrainer) split(size, draw int) (*data.Cache, error) {
	cache, how := t.cache.Share(), t.settings.SplitOptions()
	how.PerClass, how.Draw = size, uint64(draw)
	return cache, cache.Set.Split(how)
}

// open computes the features of all images, where a head alone is trained.
func (t *curveTrainer) open(ctx context.Context, all *data.Cache) (head bool, err error) {
	if !t.settings.FromBase() || t.settings.Freeze != FreezeAll ||
		t.settings.Hidden > 0 {

		return false, nil
	}
	o := t.options
	o.Images = all
	if t.session, err = Open(ctx, t.settings, o); err != nil {
		return true, err
	}
	set := t.session.Images.Set
	pool := append(set.Indices(data.Train), set.Indices(data.Val)...)
	if _, err = t.session.examples(ctx, pool); err == nil {
		t.heldOut, err = t.session.views(ctx, set.Indices(data.Test), false)
	}
	return true, err
}

func (t *curveTrainer) close() error {
	if t.session == nil {
		return nil
	}
	return t.session.Close()
}

// train returns the accuracy on the images held out.
func (t *curveTrainer) train(ctx context.Context, size, draw int) (float64, error) {
	images, err := t.split(size, draw)
	if err != nil {
		return 0, err
	}
	if t.session == nil {
		return t.trainAll(ctx, images, draw)
	}
	some := append(images.Set.Indices(data.Train), images.Set.Indices(data.Val)...)
	e, err := t.session.examples(ctx, some)
	if err != nil {
		return 0, err
	}
	fit, err := head.Fit(ctx, *e, head.Options{Seed: t.settings.Seed})
	if err != nil {
		return 0, err
	}
	_, right := fit.Loss(t.heldOut)
	return float64(right) / float64(t.heldOut.N), nil
}

// trainAll is a whole training, whose seed is of the draw too.
func (t *curveTrainer) trainAll(ctx context.Context, images *data.Cache, draw int) (
	accuracy float64, err error) {
	settings, o := t.settings, t.options
	settings.Seed += uint64(draw - 1)
	o.Images = images
	s, err := Open(ctx, settings, o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if b := t.options.Base; b != nil && b.Check != nil { // it was compared now
		compared := *b
		compared.Check = nil
		t.options.Base = &compared
	}
	outcome, err := s.Train(ctx)
	if err != nil {
		return 0, err
	}
	return outcome.Test.Confusion(s.Images.Set.Labels).Accuracy(), nil
}
