package verify

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the report for people: file is the name to call it by.
func (r *Report) WriteMarkdown(w io.Writer, file string) error {
	var b strings.Builder
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
	fmt.Fprintf(&b, "| | |\n|---|---|\n")
	row := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", key, fmt.Sprintf(format, args...))
	}
	row("SHA-256", "`%s`", r.SHA256)
	row("network", "%s, input %s, %s", r.Arch, r.Input, r.Precision)
	row("images", "%d, %s", r.Images, r.Source)
	row("reference", "%s %s%s", r.Reference.Name, r.Reference.Version, percent(r.Reference.Accuracy))
	row("tolerance", "%s", r.Tolerance)
	row("machine", "%s", r.Machine)
	row("made", "%s by flowerctl %s", r.Made, r.Version)

	b.WriteString("\n## Engines\n\nDifferences are shares of the largest logit.\n\n" +
		"| engine | same answer | largest | mean | accuracy | |\n|---|---|---|---|---|---|\n")
	for _, e := range r.Engines {
		if e.Skipped != "" {
			fmt.Fprintf(&b, "| %s %s | | | | | skipped: %s |\n", e.Name, e.Version, e.Skipped)
			continue
		}
		fmt.Fprintf(&b, "| %s %s | %d of %d | %.1e | %.1e | %s | %s |\n", e.Name, e.Version, e.ArgmaxEqual, e.N,
			e.MaxRel, e.MeanRel, strings.TrimPrefix(percent(e.Accuracy), ", accuracy "), e.verdict())
	}
	r.details(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) details(b *strings.Builder) {
	if len(r.Batches) > 0 {
		b.WriteString("\n## Batch sizes\n\n| images a run | same answer | largest |\n|---|---|---|\n")
		for _, x := range r.Batches {
			fmt.Fprintf(b, "| %d | %d of %d | %.1e |\n", x.Size, x.ArgmaxEqual, x.N, x.MaxRel)
		}
	}
	if len(r.Resizing) > 0 {
		b.WriteString("\n## Preprocessing\n\nThe file resizes these itself; against flowerctl's own preparation, " +
			"in grey levels of 255.\n\n| image | size | largest | mean | logits | |\n|---|---|---|---|---|---|\n")
		for _, x := range r.Resizing {
			fmt.Fprintf(b, "| %s | %d x %d | %.0f | %.4f | %.1e | %s |\n", x.Name, x.W, x.H, x.MaxLevels, x.MeanLevels,
				x.LogitsRel, word(!x.Differs))
		}
	}
	if len(r.Layers) > 0 {
		b.WriteString("\n## Nodes\n\nDifferences are shares of the node's largest value.\n\n" +
			"| node | op | largest | mean | |\n|---|---|---|---|---|\n")
		for _, x := range r.Layers {
			if x.Missing {
				fmt.Fprintf(b, "| %s | %s | | | not in the file |\n", x.Name, x.Op)
				continue
			}
			fmt.Fprintf(b, "| %s | %s | %.1e | %.1e | %s |\n", x.Name, x.Op, x.MaxRel, x.MeanRel, word(!x.Differs))
		}
	}
}

// String says the tolerance in words.
func (t Tolerance) String() string {
	if t.AccuracyDrop > 0 {
		return fmt.Sprintf("accuracy at most %.1f points lower", 100*t.AccuracyDrop)
	}
	return fmt.Sprintf("the same answer for every image; logits within %.0e of the largest", t.Logits)
}

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

func percent(share *float64) string {
	if share == nil {
		return ""
	}
	return fmt.Sprintf(", accuracy %.1f %%", 100**share)
}
