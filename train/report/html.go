package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"html/template"
	"image"
	"image/jpeg"
	"io"
	"slices"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/picture"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent": percent,
}).Parse(page))

// pageData is what report.html shows.
type pageData struct {
	*Run
	Summary  train.Summary
	Epochs   int
	Scores   template.HTML
	Unlisted int // classes that Scores leaves out
	History  template.HTML
	Majority string // the class
	WentBack string // how often; may be empty
	Pictures map[string]template.HTML
	Worst    []mistake
	// Probabilities says what the pictures of them are.
	Probabilities string
}

// mistake is an image that was answered wrongly.
type mistake struct {
	Path, Class, Predicted string
	Probability            float64      // of the wrong answer
	Own                    float64      // of the right one
	Image                  template.URL // data URL
}

// html writes the page with its pictures.
func (r *Run) html(w io.Writer, pictures []named) error {
	confusion := r.Outcome.Validation.Confusion(r.Labels)
	majority, _ := confusion.Majority()
	report := confusion.Report()
	report.Macro.Label, report.Weighted.Label = "mean of the classes", "mean by support"
	d := pageData{Run: r, Summary: r.Outcome.Summary(r.Labels), Epochs: len(r.Outcome.History),
		Majority: r.Labels[majority], WentBack: rollbacks(r.Outcome),
		Pictures: map[string]template.HTML{}, Probabilities: probabilityNote}
	report, d.Unlisted = report.Weakest(mostDrawn)
	var err error
	if d.Scores, err = inPage(scores(report, 3)); err != nil {
		return err
	}
	if d.History, err = inPage(historyTable(r.Outcome.History, r.Outcome.Heads)); err != nil {
		return err
	}
	for _, p := range pictures {
		if d.Pictures[p.name], err = inline(p.Picture); err != nil {
			return err
		}
	}
	if d.Worst, err = r.worst(12); err != nil {
		return err
	}
	return pageTemplate.Execute(w, d)
}

// inline is a picture for the inside of a page, without the header of an SVG file.
// The SVG writer has escaped its texts.
func inline(p picture.Picture) (template.HTML, error) {
	svg, err := p.SVG()
	if err != nil {
		return "", err
	}
	return template.HTML(svg[max(0, bytes.Index(svg, []byte("<svg"))):]), nil
}

// worst are the n mistakes in which the network was most confident.
func (r *Run) worst(n int) ([]mistake, error) {
	wrong := slices.DeleteFunc(slices.Clone(r.Outcome.Validation.Predictions),
		func(p train.Prediction) bool { return p.Predicted() == p.Class })
	confidence := func(p train.Prediction) float32 { return p.Probabilities[p.Predicted()] }
	slices.SortStableFunc(wrong, func(a, b train.Prediction) int {
		switch {
		case confidence(a) > confidence(b):
			return -1
		case confidence(a) < confidence(b):
			return 1
		}
		return a.Index - b.Index
	})
	var out []mistake
	for _, p := range wrong[:min(n, len(wrong))] {
		pixels, err := r.Image(p.Index)
		if err != nil {
			return nil, err
		}
		url, err := dataURL(pixels, r.Size)
		if err != nil {
			return nil, err
		}
		out = append(out, mistake{Path: r.Path(p.Index), Image: url,
			Class: r.Labels[p.Class], Predicted: r.Labels[p.Predicted()],
			Probability: float64(confidence(p)), Own: float64(p.Probabilities[p.Class])})
	}
	return out, nil
}

// dataURL is a data URL with a JPEG of an RGB image of size x size.
func dataURL(pixels []uint8, size int) (template.URL, error) {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		copy(img.Pix[4*i:4*i+3], pixels[3*i:])
		img.Pix[4*i+3] = 255
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 88}); err != nil {
		return "", err
	}
	text := base64.StdEncoding.EncodeToString(buf.Bytes())
	return template.URL("data:image/jpeg;base64," + text), nil
}
