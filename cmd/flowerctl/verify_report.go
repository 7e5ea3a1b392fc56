package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/train/table"
)

// reportPath is where the report of a file goes.
func (o *verifyOptions) reportPath(file string) string {
	if o.report != "" {
		return strings.TrimSuffix(o.report, ".json") + ".json"
	}
	return verify.ReportPath(file)
}

func (o *verifyOptions) print(w io.Writer, path string, r *verify.Report) error {
	if o.json {
		return shell.WriteJSON(w, r)
	}
	verdict := "verified"
	if !r.OK {
		verdict = "DIFFERS"
	}
	fmt.Fprintf(w, "%s: %s on %s, %s\n", path, verdict, table.Count(r.Images, "image"), r.Source)
	return r.Table(o.layers || !r.OK).WriteText(w)
}
