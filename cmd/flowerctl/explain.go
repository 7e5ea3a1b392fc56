package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// explainer writes pictures of what answers rest on.
type explainer struct {
	dir        string
	classifier *infer.Classifier
	names      map[string]int // how often a name was used
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
	return &explainer{dir: dir, classifier: classifier, names: map[string]int{}}, nil
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
	path := filepath.Join(e.dir, e.name(r.Name)+"."+fileName(e.classifier.Labels()[best])+".png")
	e.method = heat.Method
	e.written++
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, heat.Over(r.Image)) })
}

// name is a file's own name, numbered where another folder had the same.
func (e *explainer) name(path string) string {
	name := filepath.Base(path)
	if name == "-" {
		name = "stdin"
	}
	e.names[name]++
	if n := e.names[name]; n > 1 {
		return fmt.Sprintf("%s-%d", name, n)
	}
	return name
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
