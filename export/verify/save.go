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
	if err := train.WriteJSON(path, r); err != nil {
		return err
	}
	text := strings.TrimSuffix(path, ".json") + ".md"
	return atomicfile.Write(text, func(w io.Writer) error { return r.WriteMarkdown(w, file) })
}
