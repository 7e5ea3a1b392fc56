package swept

import (
	"os"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/sweep"
)

// Bundled reads the file of a sweep that a bundle gets, and says which of its names are from
// another folder then.
func Bundled(c *shell.Call, path string) ([]byte, error) {
	f, err := sweep.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if relative := f.Relative(); len(relative) > 0 {
		c.Say("%s: %s is looked for beside the sweep.yaml that runs, not from here; absolute names "+
			"are the same everywhere", path, strings.Join(relative, ", "))
	}
	return os.ReadFile(path)
}
