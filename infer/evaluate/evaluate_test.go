package evaluate

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// byColour answers with the share of each channel.
var byColour = infer.Engine{Prep: imageprep.Config{Size: 2},
	Classify: func(_ context.Context, images []imageprep.Image) ([]infer.Answer, error) {
		var p []float32
		for _, img := range images {
			sum := float32(img.Pix[0]) + float32(img.Pix[1]) + float32(img.Pix[2])
			for c := range 3 {
				p = append(p, float32(img.Pix[c])/sum)
			}
		}
		return infer.NewAnswers(colours.Labels, p), nil
	}}

func paint(t *testing.T, dir, name string, c color.NRGBA) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 4, 3))
	draw.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

type heard struct {
	answered int
	leftOut  []string
}

func (h *heard) Answered()         { h.answered++ }
func (h *heard) LeftOut(why error) { h.leftOut = append(h.leftOut, why.Error()) }

func TestRunCountsAndListsTheMostConfidentMistakes(t *testing.T) {
	dir := t.TempDir()
	red := paint(t, dir, "red.png", color.NRGBA{R: 200, A: 255})
	reddish := paint(t, dir, "reddish.png", color.NRGBA{R: 150, G: 50, A: 255})
	blue := paint(t, dir, "blue.png", color.NRGBA{B: 200, A: 255})
	black := paint(t, dir, "black.png", color.NRGBA{A: 255}) // 0/0
	words := filepath.Join(dir, "words.png")
	if err := os.WriteFile(words, []byte("words"), 0o644); err != nil {
		t.Fatal(err)
	}
	pictures := []Picture{{File: red, Path: "1", Class: 0}, {File: reddish, Path: "2", Class: 1},
		{File: red, Path: "3", Class: 1}, {File: blue, Path: "4", Class: 2},
		{File: words, Path: "5", Class: 2}, {File: black, Path: "6", Class: 0}}
	h := new(heard)
	r, err := Run(t.Context(), byColour, pictures, Options{Model: "by colour", Labels: colours.Labels, Worst: 1,
		Unreadable: []string{"0"}, Observer: h})
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]int{{1, 0, 0}, {2, 0, 0}, {0, 0, 1}}; r.N != 4 || r.Accuracy != 0.5 || !reflect.DeepEqual(r.Confusion, want) {
		t.Errorf("got %d pictures, accuracy %v, %v, want 4, 0.5, %v", r.N, r.Accuracy, r.Confusion, want)
	}
	if want := []Mistake{{"3", "green", "red", 1}}; !reflect.DeepEqual(r.Worst, want) {
		t.Errorf("mistakes: got %v, want %v", r.Worst, want)
	}
	if want := []string{"0", "5", "6"}; !reflect.DeepEqual(r.Unreadable, want) {
		t.Errorf("unreadable: got %v, want %v", r.Unreadable, want)
	}
	want := []string{words + ": not an image (text/plain)", black + ": no answer: the network gives NaN for red"}
	if h.answered != 6 || !reflect.DeepEqual(h.leftOut, want) {
		t.Errorf("heard of %d answers, left out %q, want 6, %q", h.answered, h.leftOut, want)
	}
	_, err = Run(t.Context(), byColour, pictures[4:5], Options{Labels: colours.Labels})
	if !errors.Is(err, ErrNoAnswer) {
		t.Errorf("nothing readable: got %v", err)
	}
}

func TestMatchWantsEachClassOnce(t *testing.T) {
	if got, err := Match([]string{"caf\u00e9"}, []string{"a", "cafe\u0301"}); err != nil || got[0] != 1 {
		t.Errorf("of two Unicode forms: %v, %v", got, err)
	}
	got, err := Match([]string{"a", "c"}, []string{"c", "b", "a"})
	if err != nil || !reflect.DeepEqual(got, []int{2, 0}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, labels := range [][]string{{"b", "c"}, {"a", "a", "c"}} {
		if got, err := Match([]string{"a", "c"}, labels); err == nil {
			t.Errorf("%v: got %v, want an error", labels, got)
		}
	}
}
