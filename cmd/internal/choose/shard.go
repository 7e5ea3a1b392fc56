package choose

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/terminal"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/shard"
)

// ShardFlags choose a shard of a manifest, the same for all commands that answer for one.
type ShardFlags struct {
	Manifest, Shard, Out string
	AllowChanged         bool
}

// The environment that schedulers give to one of many: Kubernetes' Indexed Jobs, and
// Slurm's job arrays.
const (
	envKubernetes = "JOB_COMPLETION_INDEX"
	envSlurm      = "SLURM_ARRAY_TASK_ID"
	envSlurmCount = "SLURM_ARRAY_TASK_COUNT"
)

// List is the flags for the help and for parsing.
func (f *ShardFlags) List() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&f.Manifest, "manifest", "",
			"the pictures that `FILE` of flowerctl list names, for --out"),
		shell.TextFlag(&f.Shard, "shard", "",
			"with --manifest: `I/N`, part I from 0 of N; without I it is $"+envKubernetes+" or $"+
				envSlurm+"; without both N is $"+envSlurmCount+", else there is one"),
		shell.TextFlag(&f.Out, "out", "", "with --manifest: `DIR` of the parts of all shards"),
		shell.BoolFlag(&f.AllowChanged, "allow-changed",
			"with --manifest: pictures that changed or went since count as unreadable"),
	}
}

// Asked says whether the user asks for a shard, be it wrongly.
func (f *ShardFlags) Asked(c *shell.Call) bool {
	return c.FirstGiven("manifest", "shard", "out", "allow-changed") != ""
}

// Work is the shard that the flags choose, before there is anything to answer with.
func (f *ShardFlags) Work(c *shell.Call) (*shard.Work, error) {
	switch {
	case f.Manifest == "":
		return nil, shell.Usagef("--%s without --manifest", c.FirstGiven("shard", "out", "allow-changed"))
	case f.Out == "":
		return nil, shell.Usagef("--manifest without --out DIR")
	}
	text, err := f.shard()
	if err != nil {
		return nil, err
	}
	s, err := shard.Parse(text)
	if err != nil {
		return nil, shell.Usagef("--shard: %w", err)
	}
	if err := c.NoFiles(); err != nil {
		return nil, err
	}
	m, err := shard.Open(f.Manifest)
	if err != nil {
		return nil, err
	}
	return &shard.Work{Manifest: m, Shard: s, Dir: f.Out, AllowChanged: f.AllowChanged}, nil
}

// shard is what --shard says, filled up from the environment.
func (f *ShardFlags) shard() (string, error) {
	index, count, both := strings.Cut(f.Shard, "/")
	if index != "" {
		return f.Shard, nil
	}
	index = cmp.Or(os.Getenv(envKubernetes), os.Getenv(envSlurm))
	switch {
	case both && index == "":
		return "", shell.Usagef("--shard: got %s, but neither %s nor %s is set", f.Shard, envKubernetes,
			envSlurm)
	case both:
		return index + "/" + count, nil
	case index == "":
		return "0/1", nil
	case os.Getenv(envKubernetes) == "" && os.Getenv(envSlurmCount) != "":
		return index + "/" + os.Getenv(envSlurmCount), nil
	}
	return "", shell.Fail(shell.Usagef("this is shard %s, but of how many?", index), "--shard /N")
}

// Permanent marks errors of a model that starting the shard again cannot mend: all but
// those of the file system and of a device.
func Permanent(err error) error {
	var file *fs.PathError
	var device *ort.DeviceError
	if err == nil || errors.As(err, &file) || errors.As(err, &device) || shell.IsUsage(err) {
		return err
	}
	return &shard.PermanentError{Err: err}
}

// Settings are what answers depend on beside the bytes of the model.
func Settings(classifier *infer.Classifier) map[string]string {
	output, _ := classifier.Output()
	return map[string]string{"output": output, "preprocessing": classifier.Preprocessing(),
		"labels": Hash([]byte(strings.Join(classifier.Labels(), "\n")))}
}

// Hash is the SHA-256 of data.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Run answers for the shard with an engine, and says what was done.
func (f *ShardFlags) Run(c *shell.Call, w *shard.Work, e infer.Engine, batch int) error {
	e.Alone = true
	w.Answer = func(ctx context.Context, p iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		return infer.Stream(ctx, e, p, batch)
	}
	from, to := w.Shard.Range(w.Manifest.Pictures)
	counter := terminal.NewCounter(c.Log, int(to-from))
	w.Watch = func(done, _ int64) { counter.Set(int(done)) }
	o, err := shard.Run(c.Ctx, *w)
	counter.End()
	if err != nil {
		return err
	}
	more := ""
	if o.Already > 0 {
		more = fmt.Sprintf(", %d of them before", o.Already)
	}
	if o.Failed > 0 {
		more += fmt.Sprintf("; %d without an answer: %s", o.Failed, filepath.Join(w.Dir, o.Dead.File))
	}
	_, err = fmt.Fprintf(c.Out, "%s: %d pictures%s\n", filepath.Join(w.Dir, o.Parts.File), o.Done, more)
	return err
}
