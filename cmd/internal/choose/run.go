package choose

import (
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/run"
)

// Run is the flags that name a run and one of its checkpoints, and other images than its own.
type Run struct {
	Dir        string
	Checkpoint string
	Data       string // a folder of images; empty: the run's own
}

// Flags is the flags for the help and for parsing.
func (r *Run) Flags() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&r.Dir, "run", filepath.Join(run.Root, run.Latest), "folder of the run, `RUN`"),
		shell.TextFlag(&r.Checkpoint, "checkpoint", string(run.Best), "of the run: `best` or last"),
		shell.TextFlag(&r.Data, "data", "",
			"compare on `DIR`, with a folder of images per class, instead of the run's "+
				"validation images"),
	}
}

// Open loads what the flags name.
func (r *Run) Open() (*run.Trained, error) {
	which := run.Which(r.Checkpoint)
	if err := which.Check(); err != nil {
		return nil, err
	}
	f, err := run.Find(r.Dir)
	if err != nil {
		return nil, err
	}
	return f.Trained(which)
}
