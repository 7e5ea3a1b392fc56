package metrics

import (
	"cmp"
	"slices"
)

// Curves are how well one class is told from all others, over every threshold of
// its probability.
type Curves struct {
	Label string `json:"label"`
	// ROCArea is the area under the curve of true against false positives: how often
	// an image of the class has a larger probability of it than one of the others.
	// 0 where all images are of the class, or none.
	ROCArea float64 `json:"roc_auc"`
	// AveragePrecision is the sum over the thresholds of precision times the rise of
	// recall, as scikit-learn's average_precision_score; 0 without images of it.
	AveragePrecision float64 `json:"average_precision"`
	// Points are from the largest threshold to the smallest; nil of more than
	// [DenseClasses] classes, whose points would take more memory than the images.
	Points []Point `json:"-"`
}

// Point is a class's answers where those with a probability of Threshold and more
// are taken for the class.
type Point struct {
	Threshold     float64
	FalsePositive float64 // share of the images of other classes
	Recall        float64 // share of the images of the class: true positives
	Precision     float64 // share of the class among what is taken for it
}

// Curves are those of each class.
func (a *Answers) Curves(labels []string) []Curves {
	all, order := make([]Curves, len(labels)), make([]int, len(a.Labels))
	p, present := make([]float32, len(a.Labels)), make([]bool, len(labels))
	for _, label := range a.Labels {
		present[label] = true
	}
	for class, label := range labels {
		if present[class] || len(labels) <= DenseClasses { // else its areas are 0
			all[class] = a.curves(class, a.column(class, p), order, len(labels) <= DenseClasses)
		}
		all[class].Label = label
	}
	return all
}

// column puts the probabilities of a class into p, by image.
func (a *Answers) column(class int, p []float32) []float32 {
	for i := range p {
		p[i] = a.At(i, class)
	}
	return p
}

// Curve is that of one class with its points, however many classes there are; false
// where all images are of the class, or none.
func (a *Answers) Curve(class int) (Curves, bool) {
	of := 0
	for _, label := range a.Labels {
		if label == class {
			of++
		}
	}
	if of == 0 || of == len(a.Labels) {
		return Curves{}, false
	}
	n := len(a.Labels)
	return a.curves(class, a.column(class, make([]float32, n)), make([]int, n), true), true
}

// fewOfClass is up to how many images of a class its areas are counted out: comparing
// all images with each of the class is less work than sorting them.
const fewOfClass = 8

// areas are those of curves, without its points, from how many images of the class and
// of the others have a probability as large as each one of the class; all are those of
// the class, by image.
func (a *Answers) areas(class int, all []float32) (c Curves) {
	var of []float32 // probabilities of the class's images
	for i, label := range a.Labels {
		if label == class {
			of = append(of, all[i])
		}
	}
	slices.Sort(of)
	// By image of the class: how many of the others have a larger probability, or the same.
	larger, same := make([]int, len(of)), make([]int, len(of))
	for i, label := range a.Labels {
		if label == class {
			continue
		}
		p := all[i]
		for k := range of {
			if p < of[k] {
				break // and less than the next ones
			}
			if p == of[k] {
				same[k]++
			} else {
				larger[k]++
			}
		}
	}
	others := len(a.Labels) - len(of)
	for k := 0; k < len(of); {
		equal := 1 // images of the class at this threshold
		for k+equal < len(of) && of[k+equal] == of[k] {
			equal++
		}
		above := len(of) - k // with this probability or a larger one
		share := ratio(equal, len(of))
		c.AveragePrecision += share * ratio(above, above+larger[k]+same[k])
		c.ROCArea += share * (1 - ratio(2*larger[k]+same[k], 2*others))
		k += equal
	}
	if others == 0 {
		c.ROCArea = 0
	}
	return c
}

// curves are those of a class with the probabilities p, by image. It uses order, which has
// an element for each image, as it works.
func (a *Answers) curves(class int, p []float32, order []int, points bool) (c Curves) {
	of := 0 // images of the class
	for i, label := range a.Labels {
		order[i] = i
		if label == class {
			of++
		}
	}
	if !points && of <= fewOfClass {
		return a.areas(class, p)
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[j], p[i]) })
	right, last := 0, Point{}
	for k, i := range order {
		if a.Labels[i] == class {
			right++
		}
		if k+1 < len(order) && p[order[k+1]] == p[i] {
			continue
		}
		at := Point{Threshold: float64(p[i]), FalsePositive: ratio(k+1-right, len(order)-of),
			Recall: ratio(right, of), Precision: ratio(right, k+1)}
		c.ROCArea += (at.FalsePositive - last.FalsePositive) * (at.Recall + last.Recall) / 2
		c.AveragePrecision += (at.Recall - last.Recall) * at.Precision
		if last = at; points {
			c.Points = append(c.Points, at)
		}
	}
	return c
}
