package bench

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/flowerctl/flowerctl/train/table"
)

// WriteText writes the figures for people.
func (r *Speed) WriteText(w io.Writer) error {
	var b bytes.Buffer
	precision := cmp.Or(r.Precision, "precision not stated")
	if r.TF32 {
		precision += " with TF32"
	}
	fmt.Fprintf(&b, "%s (%s) on %s (%s, %s), onnxruntime %s, flowerctl %s\n%s\n\n",
		r.Model, precision, r.Device, r.Provider, table.Count(r.Threads, "thread"), r.Onnxruntime,
		r.Version, r.CPU)
	err := batchTable(r.Batches).WriteText(&b)
	fmt.Fprintf(&b, "\none picture: decode %.2f ms, resize %.2f ms, infer %.2f ms\n",
		r.Decode, r.Resize, r.Infer)
	fmt.Fprintf(&b, "many, decoded on all cores while the network runs: %.0f images/s; "+
		"decode and resize alone: %.0f\n", r.Pipeline, r.Prepare)
	if r.ColdStart > 0 {
		fmt.Fprintf(&b, "cold, from the start of the program to the answer: %.0f ms\n", r.ColdStart)
	}
	if r.Versus != nil {
		fmt.Fprintf(&b, "\nagainst %s, run by run in turn: time as a share of the other's\n",
			r.Versus.Model)
		err = errors.Join(err, ratioTable(r.Versus.Batches).WriteText(&b))
	}
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

func batchTable(batches []Runs) *table.Table {
	t := table.New("batch", "p50 ms", "p90 ms", "p99 ms", "images/s")
	t.Right = true
	for _, b := range batches {
		t.Add(b.Batch, twoDecimals(b.P50), twoDecimals(b.P90), twoDecimals(b.P99),
			fmt.Sprintf("%.0f", b.PerSecond))
	}
	return t
}

func ratioTable(batches []Ratio) *table.Table {
	t := table.New("batch", "p10", "p50", "p90", "pairs")
	t.Right = true
	for _, b := range batches {
		t.Add(b.Batch, twoDecimals(b.P10), twoDecimals(b.P50), twoDecimals(b.P90), b.Pairs)
	}
	return t
}

func twoDecimals(x float64) string { return fmt.Sprintf("%.2f", x) }
