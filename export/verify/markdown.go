package verify

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/train/table"
)

// WriteMarkdown writes the report for people, under the name of the file.
func (r *Report) WriteMarkdown(w io.Writer, file string) error {
	var b bytes.Buffer
	verdict := "The file computes what was trained."
	if !r.OK {
		verdict = "**The file does not compute what was trained.**"
	}
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", file, verdict)
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "- %s\n", p)
	}
	if r.FirstDifference != "" {
		fmt.Fprintf(&b, "- the first node that differs: `%s`\n", r.FirstDifference)
	}
	if len(r.Problems) > 0 {
		b.WriteString("\n")
	}
	for _, part := range []struct {
		head  string
		table *table.Table
	}{
		{"", r.facts()},
		{"\n## Parts\n\nWhat each part of the file was compared with.\n\n", r.partTable()},
		{"\n## Engines\n\nDifferences are shares of the largest logit.\n\n", r.engineTable()},
		{"\n## Batch sizes\n\n", r.batchTable()},
		{"\n## Preprocessing\n\nThe file resizes these itself; against flowerctl's own preparation, " +
			"in grey levels of 255.\n\n", r.resizingTable()},
		{"\n## Nodes\n\nDifferences are shares of the node's largest value.\n\n", r.layerTable()},
	} {
		if len(part.table.Rows) == 0 {
			continue
		}
		b.WriteString(part.head)
		if err := part.table.WriteMarkdown(&b); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (r *Report) facts() *table.Table {
	t := new(table.Table)
	t.Add("SHA-256", "`"+r.SHA256+"`")
	t.Add("network", fmt.Sprintf("%s, input %s, %s", r.Arch, r.Input, r.Precision))
	t.Add("images", fmt.Sprintf("%d, %s", r.Images, r.Source))
	t.Add("reference", r.Reference.Name+" "+r.Reference.Version+percent(r.Reference.Accuracy))
	t.Add("tolerance", r.Tolerance)
	t.Add("machine", r.Machine)
	t.Add("made", fmt.Sprintf("%s by flowerctl %s", r.Made, r.Version))
	return t
}

func (r *Report) engineTable() *table.Table {
	t := table.New("engine", "same answer", "largest", "mean", "accuracy", "")
	for _, e := range r.Engines {
		name := e.Name + " " + e.Version
		if e.Skipped != "" {
			t.Add(name, "", "", "", "", "skipped: "+e.Skipped)
			continue
		}
		t.Add(name, e.same(), share(e.MaxRel), share(e.MeanRel),
			strings.TrimPrefix(percent(e.Accuracy), ", accuracy "), e.verdict())
	}
	return t
}

func (r *Report) partTable() *table.Table {
	t := table.New("part", "reference", "compared")
	for _, p := range r.Parts {
		t.Add(p.Name, p.Reference, p.Checked)
	}
	return t
}

func (r *Report) batchTable() *table.Table {
	t := table.New("images a run", "same answer", "largest")
	for _, x := range r.Batches {
		t.Add(x.Size, x.same(), share(x.MaxRel))
	}
	return t
}

func (r *Report) resizingTable() *table.Table {
	t := table.New("image", "size", "largest", "mean", "logits", "")
	for _, x := range r.Resizing {
		t.Add(x.Name, fmt.Sprintf("%d x %d", x.W, x.H), fmt.Sprintf("%.0f", x.MaxLevels),
			fmt.Sprintf("%.4f", x.MeanLevels), share(x.LogitsRel), word(!x.Differs))
	}
	return t
}

func (r *Report) layerTable() *table.Table {
	t := table.New("node", "op", "largest", "mean", "")
	for _, x := range r.Layers {
		if x.Missing {
			t.Add(x.Name, x.Op, "", "", "not in the file")
			continue
		}
		t.Add(x.Name, x.Op, share(x.MaxRel), share(x.MeanRel), word(!x.Differs))
	}
	return t
}

// String says the tolerance in words.
func (t Tolerance) String() string {
	if t.AccuracyDrop > 0 {
		return fmt.Sprintf("accuracy at most %.1f points lower", 100*t.AccuracyDrop)
	}
	return fmt.Sprintf("the same answer for every image; logits within %.0e of the largest", t.Logits)
}

// same says for how many images the answer was the same.
func (d Difference) same() string { return fmt.Sprintf("%d of %d", d.ArgmaxEqual, d.N) }

func (e *Result) verdict() string {
	if e.Informative {
		return "for information"
	}
	return word(e.OK)
}

func word(ok bool) string {
	if ok {
		return "ok"
	}
	return "**differs**"
}

// share writes a difference that is a share of a scale.
func share(v float64) string { return fmt.Sprintf("%.1e", v) }

func percent(share *float64) string {
	if share == nil {
		return ""
	}
	return fmt.Sprintf(", accuracy %.1f %%", 100**share)
}
