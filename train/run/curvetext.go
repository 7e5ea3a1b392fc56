package run

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/picture"
	"github.com/flowerctl/flowerctl/train/report"
	"github.com/flowerctl/flowerctl/train/table"
)

// ParseSizes reads numbers of images of each class as in "5,10,20,50,100".
func ParseSizes(text string) (sizes []int, err error) {
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 2 {
			return nil, fmt.Errorf("got %q, want numbers of 2 or more as in 5,10,20,50,100", text)
		}
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes), nil
}

// Table has a row for each number of images.
func (c *LearningCurve) Table() *table.Table {
	t := table.New("images a class", "accuracy", "deviation", "lowest", "highest", "95 % interval", "draws")
	for _, p := range c.Points {
		t.Add(p.Images, table.Percent(p.Mean), fmt.Sprintf("%.1f", 100*p.Deviation),
			table.Percent(slices.Min(p.Accuracies)), table.Percent(slices.Max(p.Accuracies)),
			fmt.Sprintf("%.1f to %.1f", 100*p.Interval[0], 100*p.Interval[1]), len(p.Accuracies))
	}
	return t
}

// Advice says what twice the images would bring.
func (c *LearningCurve) Advice() string {
	last := c.Points[len(c.Points)-1]
	switch {
	case last.Mean == 1:
		return fmt.Sprintf("with %d images a class all that were held out are answered rightly: more "+
			"cannot be seen to bring anything here", last.Images)
	case len(c.Points) == 1:
		return "one number of images says nothing of what more would bring"
	case c.Twice == nil:
		return fmt.Sprintf("the error does not fall with more images: twice %d a class would hardly help",
			last.Images)
	}
	return fmt.Sprintf("twice as many images, %d a class, would bring about %.1f points: %.1f %%, if the "+
		"error goes on falling as it did", c.Twice.Images, 100*(c.Twice.Accuracy-last.Mean),
		100*c.Twice.Accuracy)
}

// notes say what the figures are of.
func (c *LearningCurve) notes() (lines []string) {
	what := "whole trainings"
	if c.Head {
		what = "heads alone, on the frozen layers below"
	}
	lines = append(lines, fmt.Sprintf("%s, %s, judged by %s held out", c.Network, what,
		table.Count(c.HeldOut, "image")))
	if len(c.LeftOut) > 0 {
		lines = append(lines, fmt.Sprintf("left out: %s a class, as the smallest class has %d images "+
			"besides those held out", strings.Trim(fmt.Sprint(c.LeftOut), "[]"), c.Smallest))
	}
	return lines
}

// WriteText writes the curve for people.
func (c *LearningCurve) WriteText(w io.Writer) error {
	if err := c.Table().WriteText(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n%s\n", strings.Join(c.notes(), "\n"), c.Advice())
	return err
}

// Picture draws the curve.
func (c *LearningCurve) Picture() (picture.Picture, error) {
	sizes := make([]report.Sizes, len(c.Points))
	for i, p := range c.Points {
		sizes[i] = report.Sizes{Images: p.Images, Accuracies: p.Accuracies, Mean: p.Mean,
			Interval: p.Interval}
	}
	if c.Twice == nil {
		return report.LearningCurve(sizes, 0, 0)
	}
	return report.LearningCurve(sizes, c.Twice.Images, c.Twice.Accuracy)
}

// Save writes learning-curve.html, .svg, .png and .csv into a folder, which it makes.
func (c *LearningCurve) Save(dir string) error {
	const name = "learning-curve"
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	drawn, err := c.Picture()
	if err != nil {
		return err
	}
	numbers := table.New("images_per_class", "draw", "accuracy")
	for _, p := range c.Points {
		for draw, a := range p.Accuracies {
			numbers.Add(p.Images, draw+1, a)
		}
	}
	page := report.Page{Title: "Learning curve", Lead: []string{c.Advice() + "."},
		Sections: []report.Section{{Title: "Accuracy by images of each class",
			Pictures: []picture.Picture{drawn}, Table: c.Table(),
			Note: strings.Join(c.notes(), "; ") + ". The bars are 95 % intervals of the mean, as far as " +
				"so many images held out can tell; the points are draws of other images."}}}
	path := filepath.Join(dir, name)
	return atomicfile.WriteAll(append(drawn.Files(dir, name),
		atomicfile.File{Path: path + ".csv", Write: numbers.WriteCSV},
		atomicfile.File{Path: path + ".html", Write: page.Write})...)
}
