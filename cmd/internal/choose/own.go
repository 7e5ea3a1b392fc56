package choose

import (
	"errors"
	"slices"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// Labelled are pictures with their classes, which are indices into Labels, and those
// that are known not to be readable.
type Labelled struct {
	Dir        string // from which paths of Unreadable start
	Labels     []string
	Multi      bool // pictures have any number of labels, in evaluate.Picture.Labels
	Pictures   []evaluate.Picture
	Unreadable []data.Problem
}

// Own are the images of a part of a run, or where part is "" those of its test part; it
// says which they are.
func Own(c *shell.Call, dir string, part data.Part) (*Labelled, error) {
	f, err := run.Find(dir)
	if err != nil {
		return nil, err
	}
	own, err := f.Own(c.Ctx, part)
	if err != nil {
		return nil, err
	}
	names := map[data.Part]string{data.Train: "training", data.Val: "validation", data.Test: "test"}
	if part == "" && own.Part != data.Test {
		c.Say("%s kept no test part; train --split 70/10/20 keeps one", f.Dir)
	}
	what := ""
	switch {
	case own.Part == data.Test:
		what = ", which nothing was chosen by"
	case own.Fitted:
		what = ": the weights were fitted on them, and answer them better than others"
	default:
		what = ": the weights were chosen by them, and answer others a little worse"
	}
	c.Say("evaluating on the %s part of %s, %s%s", names[own.Part], f.Dir,
		table.Count(len(own.Images), "image"), what)
	l := &Labelled{Multi: own.Multi}
	for _, image := range own.Images {
		p := evaluate.Picture{File: image.File, Data: image.Data, Reader: image.Reader,
			Path: image.Path}
		if !l.Multi {
			p.Class = l.index(image.Class)
		}
		for _, label := range image.Labels {
			p.Labels = append(p.Labels, l.index(label))
		}
		l.Pictures = append(l.Pictures, p)
	}
	return l, nil
}

// index is that of a label, which becomes the last one where it is new.
func (l *Labelled) index(label string) int {
	i := slices.Index(l.Labels, label)
	if i < 0 {
		i = len(l.Labels)
		l.Labels = append(l.Labels, label)
	}
	return i
}

// To gives the pictures the classes, or the labels, of an engine, by name; several says
// that it has several labels a picture, of which one alone may be in a folder or a list.
func (l *Labelled) To(labels []string, several bool) error {
	if l.Multi && !several {
		return errors.New("the pictures have several labels or none, and the model answers one class: " +
			"want a model that train made of such pictures")
	}
	match, err := evaluate.Match(l.Labels, labels)
	if err != nil {
		return err
	}
	for i := range l.Pictures {
		p := &l.Pictures[i]
		if several && !l.Multi {
			p.Labels = []int{p.Class}
		}
		for k, label := range p.Labels {
			p.Labels[k] = match[label]
		}
		slices.Sort(p.Labels)
		if !l.Multi {
			p.Class = match[p.Class]
		}
	}
	return nil
}
