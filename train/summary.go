package train

import (
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/table"
)

// WriteText writes the summary of the run in dir for people: a line, and one more
// where there were test images.
func (s *Summary) WriteText(w io.Writer, dir string) error {
	if s.MultiLabel != nil {
		return s.writeMulti(w, dir)
	}
	const line = "%s: validation accuracy %.1f %% (95 %% interval %.1f to %.1f, " +
		"majority class %.1f %%), %s, %s\n"
	_, err := fmt.Fprintf(w, line, dir, 100*s.ValAccuracy, 100*s.ValInterval[0],
		100*s.ValInterval[1], 100*s.MajorityRate, s.chosen(), table.Seconds(s.Seconds))
	if err != nil || s.TestAccuracy == nil || s.TestInterval == nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: test accuracy %.1f %% (95 %% interval %.1f to %.1f), %s\n",
		dir, 100**s.TestAccuracy, 100*s.TestInterval[0], 100*s.TestInterval[1],
		table.Count(s.TestImages, "image"))
	return err
}

// chosen is the epoch whose weights are the result.
func (s *Summary) chosen() string {
	text := fmt.Sprintf("epoch %d of %d", s.BestEpoch, s.Epochs)
	if s.Stopped == NoBetter {
		text += " (stopped early)"
	}
	return text
}
