package main

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
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// explainer writes pictures of what answers rest on.
type explainer struct {
	dir        string
	classifier *infer.Classifier
	names      map[string]int // how often a picture's name was used
	files      map[string]bool
	method     infer.Method
	written    int
}

// newExplainer makes the folder; it is nil, and does nothing, without one.
func newExplainer(dir string, classifier *infer.Classifier) (*explainer, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fileError(err)
	}
	return &explainer{dir: dir, classifier: classifier, names: map[string]int{}, files: map[string]bool{}}, nil
}

// add writes the picture for an answer: DIR/rose.jpg.tulip.png says where in
// rose.jpg a tulip was seen.
func (e *explainer) add(ctx context.Context, r infer.Result) error {
	if e == nil || r.Err != nil {
		return nil
	}
	best := r.Answer.Best()
	heat, err := e.classifier.Explain(ctx, r.Image, best)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	path := filepath.Join(e.dir, e.file(r.Name, e.classifier.Labels()[best]))
	e.method = heat.Method
	e.written++
	return fileError(atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, heat.Over(r.Image)) }))
}

// Bytes of a file's name, of which systems allow 255: in ours there stand a number
// and .png too, and in the temporary file's something of its own.
const (
	longestName  = 200
	longestLabel = 80
)

// file is the name for the picture of an answer: the picture's own name, numbered
// where another had the same, and the label. Neither is there twice.
func (e *explainer) file(path, label string) string {
	name := filepath.Base(path)
	if name == "-" {
		name = "stdin"
	}
	label = cut(fileName(label), longestLabel)
	name = cut(name, longestName-len(label))
	for {
		e.names[name]++
		numbered := name
		if n := e.names[name]; n > 1 {
			numbered = fmt.Sprintf("%s-%d", name, n)
		}
		file := numbered + "." + label + ".png"
		if !e.files[file] {
			e.files[file] = true
			return file
		}
	}
}

// cut is the start of a text, of so many bytes at most and of whole letters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// fileName makes a label fit for the name of a file.
func fileName(label string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r < ' ' {
			return '_'
		}
		return r
	}, label)
}
