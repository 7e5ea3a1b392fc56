package metrics

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// DenseClasses is how many classes a matrix may have to be written with all its
// cells. Of more classes only the cells that are not 0 are written: with 10,000
// classes there would be 100 million.
const DenseClasses = 100

// Confusion counts answers by class. It holds only what is not 0, so that it grows with
// the classes and the answers, not with the square of the classes.
type Confusion struct {
	Labels []string

	cells     map[[2]int]int // by true and predicted class
	support   []int          // by true class
	predicted []int
	n, right  int
}

// Cell is how often images of one class were taken for another, or for what they are.
type Cell struct {
	True      string `json:"true"`
	Predicted string `json:"predicted"`
	Count     int    `json:"count"`
}

// NewConfusion is a matrix of zeros.
func NewConfusion(labels []string) *Confusion {
	return &Confusion{Labels: labels, cells: map[[2]int]int{},
		support: make([]int, len(labels)), predicted: make([]int, len(labels))}
}

// Add counts one answer.
func (c *Confusion) Add(class, predicted int) { c.add(class, predicted, 1) }

// Merge adds the answers of another matrix of the same classes.
func (c *Confusion) Merge(other *Confusion) {
	for cell, n := range other.cells {
		c.add(cell[0], cell[1], n)
	}
}

func (c *Confusion) add(class, predicted, n int) {
	c.support[class] += n
	c.predicted[predicted] += n
	c.cells[[2]int{class, predicted}] += n
	c.n += n
	if class == predicted {
		c.right += n
	}
}

// Count is how often images of a class got this answer.
func (c *Confusion) Count(class, predicted int) int { return c.cells[[2]int{class, predicted}] }

// Counts are all cells, Counts[true][predicted], the true class on the rows; nil of more
// than [DenseClasses] classes.
func (c *Confusion) Counts() [][]int {
	if len(c.Labels) > DenseClasses {
		return nil
	}
	rows := make([][]int, len(c.Labels))
	for i := range rows {
		rows[i] = make([]int, len(c.Labels))
	}
	for at, n := range c.cells {
		rows[at[0]][at[1]] = n
	}
	return rows
}

// Cells are those that are not 0, by true and then by predicted class.
func (c *Confusion) Cells() []Cell {
	return c.list(func(a, b [2]int) int { return 0 }, func([2]int) bool { return true })
}

// Mistakes are the cells of wrong answers, the most frequent first.
func (c *Confusion) Mistakes() []Cell {
	return c.list(func(a, b [2]int) int { return cmp.Compare(c.cells[b], c.cells[a]) },
		func(at [2]int) bool { return at[0] != at[1] })
}

// list has the cells that are let in, in an order; equals are in that of the classes.
func (c *Confusion) list(order func(a, b [2]int) int, in func([2]int) bool) []Cell {
	var at [][2]int
	for cell := range c.cells {
		if in(cell) {
			at = append(at, cell)
		}
	}
	slices.SortFunc(at, func(a, b [2]int) int { return cmp.Or(order(a, b), slices.Compare(a[:], b[:])) })
	cells := make([]Cell, len(at))
	for i, cell := range at {
		cells[i] = Cell{c.Labels[cell[0]], c.Labels[cell[1]], c.cells[cell]}
	}
	return cells
}

// MostConfused are the n classes with the most wrong answers, counted for images of the
// class and for those taken for it, in the order of the classes; fewer if there are
// no more.
func (c *Confusion) MostConfused(n int) []int {
	classes := make([]int, len(c.Labels))
	for i := range classes {
		classes[i] = i
	}
	wrong := func(i int) int { return c.support[i] + c.predicted[i] - 2*c.Count(i, i) }
	slices.SortStableFunc(classes, func(a, b int) int { return cmp.Compare(wrong(b), wrong(a)) })
	classes = classes[:min(n, len(classes))]
	slices.Sort(classes)
	return classes
}

// N is the number of answers.
func (c *Confusion) N() int { return c.n }

// Support is how many images of the class there were.
func (c *Confusion) Support(class int) int { return c.support[class] }

// Predicted is how often the class was the answer.
func (c *Confusion) Predicted(class int) int { return c.predicted[class] }

// Correct is the number of right answers.
func (c *Confusion) Correct() int { return c.right }

// Accuracy is the share of right answers, 0 of none.
func (c *Confusion) Accuracy() float64 { return ratio(c.Correct(), c.N()) }

// Interval is the 95 % interval of the accuracy, see [Wilson].
func (c *Confusion) Interval() (low, high float64) { return Wilson(c.Correct(), c.N()) }

// Majority is the most frequent class, the first of equals, and the accuracy of
// always answering it.
func (c *Confusion) Majority() (class int, rate float64) {
	for i := range c.support {
		if c.support[i] > c.support[class] {
			class = i
		}
	}
	if len(c.support) == 0 {
		return 0, 0
	}
	return class, ratio(c.support[class], c.n)
}

// written is a matrix as JSON: Counts of up to [DenseClasses] classes, Cells of more.
type written struct {
	Labels []string   `json:"labels"`
	Counts *[][]int   `json:"counts,omitempty"`
	Cells  *[]numbers `json:"cells,omitempty"`
}

// numbers are the index of the true class, that of the predicted one, and the count.
type numbers [3]int

// MarshalJSON writes {"labels": ..., "counts": [[...]]}, of more than [DenseClasses]
// classes {"labels": ..., "cells": [[true, predicted, count], ...]} with indices of
// labels.
func (c *Confusion) MarshalJSON() ([]byte, error) {
	w := written{Labels: c.Labels}
	if counts := c.Counts(); counts != nil {
		w.Counts = &counts
		return json.Marshal(w)
	}
	cells := make([]numbers, 0, len(c.cells))
	for at, n := range c.cells {
		cells = append(cells, numbers{at[0], at[1], n})
	}
	slices.SortFunc(cells, func(a, b numbers) int { return slices.Compare(a[:], b[:]) })
	w.Cells = &cells
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Confusion) UnmarshalJSON(text []byte) error {
	var w written
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*c = *NewConfusion(w.Labels)
	var cells []numbers
	if w.Cells != nil {
		cells = *w.Cells
	}
	if w.Counts != nil {
		for i, row := range *w.Counts {
			for j, n := range row {
				cells = append(cells, numbers{i, j, n})
			}
		}
	}
	for _, x := range cells {
		if min(x[0], x[1], x[2]) < 0 || max(x[0], x[1]) >= len(w.Labels) {
			return fmt.Errorf("confusion: cell %v is of no class, there are %d", x, len(w.Labels))
		}
		if x[2] > 0 {
			c.add(x[0], x[1], x[2])
		}
	}
	return nil
}
