package choose

import (
	"slices"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/evaluate"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

// Labelled are pictures with their classes, which are indices into Labels, and those
// that are known not to be readable.
type Labelled struct {
	Labels     []string
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
	c.Say("evaluating on the %s part of %s, %d images%s", names[own.Part], f.Dir, len(own.Images), what)
	l := new(Labelled)
	for _, image := range own.Images {
		class := slices.Index(l.Labels, image.Class)
		if class < 0 {
			class = len(l.Labels)
			l.Labels = append(l.Labels, image.Class)
		}
		l.Pictures = append(l.Pictures, evaluate.Picture{File: image.File, Data: image.Data,
			Path: image.Path, Class: class})
	}
	return l, nil
}
