package verify

import (
	"io"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Save writes the report of the named file as JSON to path, which ends in .json,
// and for people beside it, with .md in its place.
func (r *Report) Save(path, file string) error {
	text := strings.TrimSuffix(path, ".json") + ".md"
	return atomicfile.WriteAll(
		atomicfile.File{Path: text, Write: func(w io.Writer) error { return r.WriteMarkdown(w, file) }},
		atomicfile.File{Path: path, Write: func(w io.Writer) error { return train.EncodeJSON(w, r) }})
}
