package swept

import (
	"fmt"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/study"
	"github.com/flowerctl/flowerctl/train/table"
)

// WriteStudy writes rows of the study as the file of a sweep.
func WriteStudy(c *shell.Call, path string, force bool, s *study.Study) error {
	if err := shell.MayWrite(path, force); err != nil {
		return err
	}
	if err := atomicfile.Write(path, s.WriteSweep); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "%s: %s; flowerctl sweep %[1]s --out study/ trains them, and "+
		"flowerctl reproduce --table --out study/ writes the table\n", path,
		table.Count(len(s.Attempts), "row"))
	return err
}
