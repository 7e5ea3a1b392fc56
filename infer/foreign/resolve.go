package foreign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// ContradictionError refuses an option that contradicts what a file says.
type ContradictionError struct {
	Option    string // "crop-share", or "preprocess" for a preset
	Got, Says string
	Source    string // who says it
}

func (e *ContradictionError) Error() string {
	return fmt.Sprintf("%s: got %s, but %s says %s", e.Option, e.Got, e.Source, e.Says)
}

// Result is how pictures become what a network takes, all of it.
type Result struct {
	Preprocessing
	// Assumed are the parts that nobody said, as people read them: "resize stretch".
	Assumed []string
}

// Config is how pictures are resized.
func (r *Result) Config() imageprep.Config {
	c := imageprep.Config{Size: r.Size, Resize: r.Resize}
	if r.CropShare != 1 {
		c.CropShare = r.CropShare
	}
	if r.Interpolation != imageprep.Bilinear {
		c.Interpolation = r.Interpolation
	}
	return c
}

// String is all of it in one line.
func (r *Result) String() string {
	words := []string{fmt.Sprintf("%d x %d", r.Size, r.Size), string(r.Resize)}
	if r.Size == 0 {
		words[0] = "any size"
	}
	if r.CropShare != 0 && r.CropShare != 1 {
		words[1] += fmt.Sprintf(" to %s of it", number(r.CropShare))
	}
	words = append(words, string(r.Interpolation), strings.ToUpper(string(r.Channels)))
	return strings.Join(append(words, r.scaling()), ", ")
}

// scaling is what happens to pixels.
func (r *Result) scaling() string {
	mean, std := r.Mean, r.Std
	zero, one := []float32{0}, []float32{1}
	switch {
	case len(mean) == 0 && len(std) == 0, close3(orElse(mean, zero), zero) && close3(orElse(std, one), one):
		return "pixels of 0 to 1"
	case len(mean) == 0:
		return fmt.Sprintf("(pixel/255) / %s", numbers(std))
	case len(std) == 0:
		return fmt.Sprintf("pixel/255 - %s", numbers(mean))
	}
	return fmt.Sprintf("(pixel/255 - %s) / %s", numbers(mean), numbers(std))
}

func orElse(values, otherwise []float32) []float32 {
	if len(values) == 0 {
		return otherwise
	}
	return values
}

// Resolve combines what the file says, what the user says, what the program that wrote
// the file does, and what is usual, in this order. fixed is the size that the input's
// shape fixes, 0 for none; bytes says that the network takes uint8, which nobody scales.
// Its errors are a [*ContradictionError], or say what is wrong with the wish.
func (f *Facts) Resolve(w Wish, fixed int, bytes bool) (*Result, error) {
	r := &Result{}
	base := Preprocessing{}
	if w.Preset != "" {
		var err error
		if base, err = presetOf(w.Preset); err != nil {
			return nil, err
		}
		base.Size = 0 // a file says its size; the preset's is the last resort
		if bytes {
			base.Mean, base.Std = nil, nil
		}
	}
	if w.Resize != "" && w.Resize != base.Resize {
		base.CropShare = 0 // of another way to resize
	}
	asked := overlay(base, w.Preprocessing)
	if asked.CropShare != 0 && asked.CropShare != 1 && asked.Resize == "" && f.Says.Resize == "" {
		asked.Resize = imageprep.Crop
	}
	if err := f.contradicted(w, base, asked, fixed); err != nil {
		return nil, err
	}
	r.Preprocessing = overlay(overlay(f.Implied, asked), f.Says)
	if bytes {
		r.Mean, r.Std = w.Mean, w.Std // which are refused
	}
	r.Size = cmp.Or(fixed, r.Size)
	if r.Size == 0 && w.Preset != "" {
		p, _ := presetOf(w.Preset)
		r.Size = p.Size
	}
	known := overlay(asked, f.Says)
	r.assume(&known, bytes)
	if f.ImpliedFrom != "" && len(r.Assumed) > 0 {
		r.Assumed = append(r.Assumed, "as "+f.ImpliedFrom+" has them")
	}
	return r, r.check()
}

// overlay is under, with what over says in place of it.
func overlay(under, over Preprocessing) Preprocessing {
	for _, p := range parts {
		if p.said(&over) {
			p.copy(&under, &over)
		}
	}
	return under
}

// contradicted compares what the user says with what the file says.
func (f *Facts) contradicted(w Wish, base, asked Preprocessing, fixed int) error {
	says := f.Says
	if fixed > 0 {
		says.Size = 0 // compared with the shape by whoever knows the input's name
	}
	for _, p := range parts {
		if !p.said(&asked) || !p.said(&says) || p.same(&asked, &says) {
			continue
		}
		e := &ContradictionError{p.name, p.text(&asked), p.text(&says), f.Sources[p.name]}
		if !p.said(&w.Preprocessing) && p.said(&base) {
			e.Option, e.Got = "preprocess", w.Preset
			e.Says = p.name + " " + e.Says
		}
		return e
	}
	return nil
}

// assume fills in what nobody said, and notes it.
func (r *Result) assume(known *Preprocessing, bytes bool) {
	usual := Preprocessing{Resize: imageprep.Stretch, Interpolation: imageprep.Bilinear, Channels: RGB}
	for _, p := range parts {
		if p.said(known) || p.name == "size" || p.name == "crop-share" {
			continue
		}
		if (p.name == "mean" || p.name == "std") && !bytes {
			continue // together, below
		}
		if !p.said(&r.Preprocessing) && p.said(&usual) {
			p.copy(&r.Preprocessing, &usual)
		}
		if p.said(&r.Preprocessing) {
			r.Assumed = append(r.Assumed, p.text(&r.Preprocessing))
		}
	}
	if !bytes && len(known.Mean) == 0 && len(known.Std) == 0 {
		r.Assumed = append(r.Assumed, r.scaling())
	}
}

func (r *Result) check() error {
	if !slices.Contains([]Channels{RGB, BGR}, r.Channels) {
		return fmt.Errorf("channels: got %q, want %s or %s", r.Channels, RGB, BGR)
	}
	if r.Size == 0 {
		return nil // which whoever opens the file says
	}
	return r.Config().Validate()
}
