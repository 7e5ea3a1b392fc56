package sharded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/sweep"
	"github.com/flowerctl/flowerctl/train/table"
)

// Merge makes one result of the folder that the command's argument names, in the file out,
// or in the folder where it is "".
func Merge(c *shell.Call, out string) error {
	dir, err := folder(c)
	if err != nil {
		return err
	}
	m, err := shard.Merge(c.Ctx, dir, out)
	var missing *shard.IncompleteError
	if errors.As(err, &missing) {
		return shell.Fail(err, fmt.Sprintf("flowerctl %s --manifest FILE --shard %d/%d --out %s",
			missing.Kind, missing.Missing[0], missing.Of, dir))
	}
	if err != nil {
		return err
	}
	if len(m.Devices) > 1 {
		c.Say("answered on %s: their last digits may differ", strings.Join(m.Devices, " and "))
	}
	dead := ""
	if m.Failed > 0 {
		dead = fmt.Sprintf("; %d without an answer: %s", m.Failed, m.Dead)
	}
	_, err = fmt.Fprintf(c.Out, "%s: %s in %s%s\n", m.Result, table.Count(m.Pictures, "picture"),
		table.Count(m.Shards, "shard"),
		dead)
	return err
}

// folder is the one that the command's argument names, which is there.
func folder(c *shell.Call) (dir string, err error) {
	if dir, err = c.OneFile("answers/"); err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", shell.Usagef("%s: no such folder", dir)
	case err == nil && !info.IsDir():
		return "", shell.Usagef("%s is a file, want a folder", dir)
	}
	return dir, err
}

// Status says how far the shards, or the trials of a sweep, of the folder are that the
// command's argument names.
func Status(c *shell.Call, asJSON bool) error {
	dir, err := folder(c)
	if err != nil {
		return err
	}
	if (run.Folder{Dir: dir}).Planned() {
		s, err := sweep.ReadStatus(dir)
		if err != nil {
			return err
		}
		return c.Write(asJSON, s, s)
	}
	if _, err := os.Stat(filepath.Join(dir, shard.JobFile)); errors.Is(err, fs.ErrNotExist) {
		return shell.Fail(shell.Usagef("%s is a folder of neither shards nor a sweep: it has no %s and "+
			"no %s", dir, shard.JobFile, run.PlanFile),
			"it is the --out of predict or eval --manifest, or of sweep")
	}
	s, err := shard.ReadStatus(dir)
	if err != nil {
		return err
	}
	return c.Write(asJSON, s, s)
}
