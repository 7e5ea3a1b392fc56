// Package sharded is what commands share that answer for a shard of a manifest: their
// flags, and which shard a scheduler means. Start at [Flags].
package sharded

import (
	"cmp"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/observe"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/stores"
	"github.com/flowerctl/flowerctl/infer/shard"
)

// Flags choose a shard of a manifest, the same for all commands that answer for one.
type Flags struct {
	Manifest, Shard, Out string
	AllowChanged         bool
	metricsAddr          string
}

// The environment that schedulers give to one of many: Kubernetes' Indexed Jobs, and
// Slurm's job arrays.
const (
	envKubernetes = "JOB_COMPLETION_INDEX"
	envSlurm      = "SLURM_ARRAY_TASK_ID"
	envSlurmCount = "SLURM_ARRAY_TASK_COUNT"
)

// List is the flags for the help and for parsing.
func (f *Flags) List() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&f.Manifest, "manifest", "",
			"the pictures that `FILE` of flowerctl list names, for --out"),
		shell.TextFlag(&f.Shard, "shard", "",
			"with --manifest: `I/N`, part I from 0 of N; without I it is $"+envKubernetes+" or $"+
				envSlurm+"; without both N is $"+envSlurmCount+", else there is one"),
		shell.TextFlag(&f.Out, "out", "", "with --manifest: `DIR` of the parts of all shards"),
		shell.BoolFlag(&f.AllowChanged, "allow-changed",
			"with --manifest: pictures that changed or went since count as unreadable"),
		observe.Flag(&f.metricsAddr, "with --manifest: "),
	}
}

// Asked says whether the user asks for a shard, be it wrongly.
func (f *Flags) Asked(c *shell.Call) bool {
	return c.FirstGiven("manifest", "shard", "out", "allow-changed", "metrics-addr") != ""
}

// work is the shard that the flags choose, before there is anything to answer with. It is
// observed until stop.
func (f *Flags) work(c *shell.Call) (w *shard.Work, stop func(), err error) {
	switch {
	case f.Manifest == "":
		return nil, nil, shell.Usagef("--%s without --manifest",
			c.FirstGiven("shard", "out", "allow-changed", "metrics-addr"))
	case f.Out == "":
		return nil, nil, shell.Usagef("--manifest without --out DIR")
	}
	s, _, err := Of(f.Shard)
	if err != nil {
		return nil, nil, err
	}
	if err := c.NoFiles(); err != nil {
		return nil, nil, err
	}
	m, err := shard.Open(f.Manifest)
	if err != nil {
		return nil, nil, err
	}
	from, to := s.Range(m.Pictures)
	objects, err := stores.Of(c)
	if err != nil {
		return nil, nil, err
	}
	watch, stop, err := observe.Predicting(c, f.metricsAddr, s, to-from)
	return &shard.Work{Manifest: m, Shard: s, Dir: f.Out, AllowChanged: f.AllowChanged,
		Objects: objects, Tables: stores.Tables(), Watch: watch}, stop, err
}

// Of is the shard that --shard says, filled up from the environment; one is false where
// neither says any, and it is the only one.
func Of(given string) (s shard.Shard, one bool, err error) {
	text, err := filledUp(given)
	if err != nil {
		return s, false, err
	}
	if text == "" {
		return shard.Shard{Count: 1}, false, nil
	}
	if s, err = shard.Parse(text); err != nil {
		return s, false, shell.Usagef("--shard: %w", err)
	}
	return s, true, nil
}

// filledUp is what was given as --shard, filled up from the environment; "" for none.
func filledUp(given string) (string, error) {
	index, count, both := strings.Cut(given, "/")
	if index != "" {
		return given, nil
	}
	index = cmp.Or(os.Getenv(envKubernetes), os.Getenv(envSlurm))
	switch {
	case both && index == "":
		return "", shell.Usagef("--shard: got %s, but neither %s nor %s is set", given, envKubernetes,
			envSlurm)
	case both:
		return index + "/" + count, nil
	case index == "":
		return "", nil
	case os.Getenv(envKubernetes) == "" && os.Getenv(envSlurmCount) != "":
		return index + "/" + os.Getenv(envSlurmCount), nil
	}
	return "", shell.Fail(shell.Usagef("this is shard %s, but of how many?", index), "--shard /N")
}
