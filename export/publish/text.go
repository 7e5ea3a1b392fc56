package publish

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/table"
)

// String says in a line what was written, and how it compares.
func (r *Result) String() string {
	line := fmt.Sprintf("%s: %s, %s, %s", r.File, r.Name, r.Precision,
		table.Megabytes(int64(r.Bytes)))
	if r.FP32Bytes > 0 {
		line += fmt.Sprintf(" (%.0f %% of fp32)", 100*float64(r.Bytes)/float64(r.FP32Bytes))
	}
	if v := r.Verified; v != nil {
		line += "; " + v.Compared(&v.Engines[0])
	}
	return line
}
