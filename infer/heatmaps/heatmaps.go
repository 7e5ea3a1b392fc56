// Package heatmaps writes pictures of where in a photograph a classifier saw what it
// answered, one PNG file for each answer. It never imports training, export or
// gorgonia. Start at [Open].
package heatmaps

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Folder is where the pictures go. A nil Folder takes none.
type Folder struct {
	Dir     string
	Written int          // how many pictures
	Method  infer.Method // of the last one

	classifier *infer.Classifier
	decoder    imageprep.Decoder
	uses       map[string]int // how often each picture's name was used
	files      map[string]bool
}

// Open makes the folder for the classifier's pictures, unless it is there. The
// classifier must have been opened with infer.Options.Explain.
func Open(dir string, classifier *infer.Classifier) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &Folder{Dir: dir, classifier: classifier,
		uses: map[string]int{}, files: map[string]bool{}}, nil
}

// LongestSide is the longer side of a picture at most, in pixels. Larger photographs are
// made smaller.
const LongestSide = 1600

// Add writes the picture for an answer: rose.jpg.tulip.png shows where in rose.jpg a
// tulip was seen, over the photograph in its own size and shape. A result without an
// answer gets none. The photograph is read again from the result's Data, or its file
// where it has none: see infer.Engine.KeepData.
func (f *Folder) Add(ctx context.Context, r infer.Result) error {
	if f == nil || r.Err != nil {
		return nil
	}
	best := r.Answer.Best()
	heat, err := f.classifier.Explain(ctx, r.Image, best)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	src := imageprep.File(r.Name)
	if r.Data != nil {
		src = imageprep.Bytes(r.Data)
	}
	photograph, err := f.decoder.Fit(src, LongestSide)
	if err != nil {
		return err
	}
	path := filepath.Join(f.Dir, f.file(r.Name, f.classifier.Labels()[best]))
	drawn := heat.OverPhotograph(photograph, f.classifier.Preprocess())
	err = atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, drawn) })
	if err != nil {
		return fmt.Errorf("%w (pictures written before it, all complete: %d)", err, f.Written)
	}
	f.Method = heat.Method
	f.Written++
	return nil
}

// How many bytes of a picture's name and of a label are used. Systems allow 255 for
// the name of a file, which also has a number, .png, and what atomicfile adds.
const (
	longestName  = 200
	longestLabel = 80
)

// file is the name for the picture of an answer: the image's own name, numbered where
// another had the same, and the label. No two answers get the same.
func (f *Folder) file(path, label string) string {
	name := filepath.Base(path)
	if name == "-" {
		name = "stdin"
	}
	label = cut(fileName(label), longestLabel)
	name = cut(name, longestName-len(label))
	for {
		f.uses[name]++
		numbered := name
		if n := f.uses[name]; n > 1 {
			numbered = fmt.Sprintf("%s-%d", name, n)
		}
		file := numbered + "." + label + ".png"
		if !f.files[file] {
			f.files[file] = true
			return file
		}
	}
}

// cut is the start of a text: at most that many bytes, and no part of a letter.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// fileName replaces the characters of a label that names of files must not have.
func fileName(label string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '_'
		}
		return r
	}, label)
}
