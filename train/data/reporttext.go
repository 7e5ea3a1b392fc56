package data

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/flowerctl/flowerctl/train/table"
)

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	width := 0
	for _, c := range r.Classes {
		width = max(width, utf8.RuneCountInString(c.Label))
	}
	kind := "classes"
	if r.Multi {
		kind = "labels, of which an image may have several"
	}
	fmt.Fprintf(w, "%s: %s of %d %s\n", r.Dir, table.Count(r.Images, "image"), len(r.Classes), kind)
	for _, c := range r.Classes {
		share := float64(c.Images) / float64(r.Images)
		fmt.Fprintf(w, "  %-*s %6d %5.1f %%", width, c.Label, c.Images, 100*share)
		if c.Train+c.Val+c.Test > 0 {
			fmt.Fprintf(w, "  train %d, val %d, test %d", c.Train, c.Val, c.Test)
		}
		fmt.Fprintln(w)
	}
	if !r.Multi {
		fmt.Fprintf(w, "always answering the most frequent class is right in %.1f %%\n",
			100*r.MajorityRate)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "%s: %s\n", p.Kind, table.Printable(p.String()))
	}
	for _, g := range r.Repeated {
		fmt.Fprintf(w, "%s: %s\n", g, table.Printable(strings.Join(g.Files, " ")))
	}
	_, err := fmt.Fprintf(w, "%d left out, %d repeated\n", len(r.Problems), len(r.Repeated))
	return err
}

// String says what the images share, and where: "same bytes, under two classes".
func (g Repeated) String() string {
	what := "look alike"
	if g.SameBytes {
		what = "same bytes"
	}
	if g.TwoClasses {
		what += ApartBy(g.multi)
	}
	if g.TwoParts {
		what += ", in two parts"
	}
	return what
}

// ApartBy says of images that are the same that their classes or labels are not.
func ApartBy(multi bool) string {
	if multi {
		return ", with other labels"
	}
	return ", under two classes"
}
