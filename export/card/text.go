package card

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/train/table"
)

// WriteText writes the card in lines, for the terminal.
func (c *Card) WriteText(w io.Writer) error {
	t := c.facts()
	for _, f := range c.Figures {
		t.Add(f.Name, f.value()+" of "+f.Of)
	}
	for _, s := range c.Sources {
		t.Add(s.What, s.Name+": "+s.License)
	}
	for _, l := range c.Limits {
		t.Add("limit", l)
	}
	return t.WriteText(w)
}

// WriteMarkdown writes the card for people.
func (c *Card) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Model card of %s\n\nIt classifies pictures: %s.\n\n", table.Printable(c.Name),
		table.Printable(strings.Join(c.Labels, ", ")))
	if err := c.facts().WriteMarkdown(&b); err != nil {
		return err
	}
	if len(c.Figures) > 0 {
		b.WriteString("\n## Figures\n\n")
		t := table.New("figure", "of", "value")
		for _, f := range c.Figures {
			t.Add(f.Name, f.Of, f.value())
		}
		if err := t.WriteMarkdown(&b); err != nil {
			return err
		}
	}
	b.WriteString("\n## Limits\n\n")
	for _, l := range c.Limits {
		fmt.Fprintf(&b, "- %s\n", l)
	}
	if len(c.Sources) > 0 {
		b.WriteString("\n## Made from\n\n")
		for _, s := range c.Sources {
			fmt.Fprintf(&b, "- %s: %s: %s\n", s.What, s.Name, s.License)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// value is the figure with its interval, in percent.
func (f Figure) value() string {
	if f.Interval == nil {
		return table.Percent(f.Value)
	}
	return fmt.Sprintf("%s (95 %% interval %.1f to %.1f)", table.Percent(f.Value), 100*f.Interval[0], 100*f.Interval[1])
}

// facts has a row for each thing that is no figure.
func (c *Card) facts() *table.Table {
	t := new(table.Table)
	t.Add("network", fmt.Sprintf("%s, %s, %s", c.Arch, c.Precision, table.Megabytes(int64(c.Bytes))))
	t.Add("SHA-256", c.SHA256)
	t.Add("SHA-256 of the weights", c.Weights)
	t.Add("licence", c.license())
	t.Add("data", c.Data.String())
	if c.Data.Digest != "" {
		t.Add("SHA-256 of the data's list", c.Data.Digest)
	}
	t.Add("preprocessing", c.preprocessing())
	calibration := "none"
	if c.Temperature > 0 {
		calibration = fmt.Sprintf("temperature %.4g, in the file", c.Temperature)
	}
	t.Add("calibration", calibration)
	if c.MultiLabel {
		t.Add("labels", "any number a picture, each from its threshold on, which the file has")
	}
	if u := c.Unknown; u != nil {
		t.Add("unknown", fmt.Sprintf("below %.3f: of %d validation images %s are answered, %s of these "+
			"right (95 %% interval %.1f to %.1f)", u.Confidence, u.Images, table.Percent(u.Coverage),
			table.Percent(u.Precision), 100*u.Interval[0], 100*u.Interval[1]))
	}
	t.Add("verified", c.Verified.String())
	t.Add("made by", "flowerctl "+c.Version)
	return t
}

func (c *Card) license() string {
	if c.License == "" {
		return "not stated"
	}
	return c.License
}

// String says what the data are.
func (d Data) String() string {
	text := fmt.Sprintf("%s trained on, %d for validation", table.Count(d.Train, "image"),
		d.Validation)
	if d.Test > 0 {
		text += fmt.Sprintf(", %d for the test", d.Test)
	}
	if d.Split != "" {
		text += " (" + d.Split + ")"
	}
	if d.Source != "" {
		text = d.Source + ": " + text
	}
	return text
}

// String says how the file compares.
func (v *Verified) String() string {
	if v == nil {
		return "no"
	}
	verdict := "yes"
	if !v.OK {
		verdict = "it differs"
	}
	return fmt.Sprintf("%s: the same answer for %d of %s in %s %s", verdict, v.Same,
		table.Count(v.Images, "image"),
		v.Engine, v.Version)
}

// preprocessing says what happens to a picture, and who does it.
func (c *Card) preprocessing() string {
	p := c.Preprocess
	text := fmt.Sprintf("%d x %d, %s, RGB", p.Size, p.Size, p.Resize)
	if p.CropShare > 0 {
		text += fmt.Sprintf(", crop share %g", p.CropShare)
	}
	if c.Input == export.Image {
		return text + "; the file does it, and takes any size"
	}
	if r := c.Rescale; r != nil {
		scales, offsets := r.Channels()
		text += fmt.Sprintf(", then x*%.4g + %.4g by channel", scales, offsets)
	}
	return text + "; the caller does it"
}
