// Package swept is the command sweep: it works on a sweep in a terminal's words, and writes
// what came out. Start at [Flags].
package swept

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flowerctl/flowerctl/cmd/internal/caches"
	"github.com/flowerctl/flowerctl/cmd/internal/sharded"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/start"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/sweep"
	"github.com/flowerctl/flowerctl/train/table"
)

// Flags are those of the command.
type Flags struct {
	Out, Shard, Device string
	JSON               bool
}

// Run works on the sweep of the file that the command's argument names.
func (o *Flags) Run(c *shell.Call, version string) error {
	path, err := c.OneFile("sweep.yaml --out sweep/")
	if err != nil {
		return err
	}
	if o.Out == "" {
		return shell.Fail(shell.Usagef("no --out DIR: the folder of the sweep"),
			"flowerctl sweep "+path+" --out sweep/")
	}
	f, err := sweep.ReadFile(path)
	if err != nil {
		return err
	}
	so, err := o.options(c, f)
	if err != nil {
		return err
	}
	watch := newWatch(c)
	so.Version, so.Observer = version, watch
	s, err := sweep.Open(c.Ctx, f, so)
	watch.Clear()
	if err != nil {
		return err
	}
	c.Say("%s", planned(s))
	err = s.Run(c.Ctx)
	watch.Clear()
	if err != nil {
		return stopped(c, err)
	}
	return o.result(c, s, watch)
}

// options are those that the flags and the file choose.
func (o *Flags) options(c *shell.Call, f *sweep.File) (so sweep.Options, err error) {
	ro := run.Options{Frozen: start.Frozen(c, o.Device)}
	if err := caches.Automatic(c, &ro); err != nil {
		return so, err
	}
	so = sweep.Options{Dir: o.Out, Frozen: ro.Frozen, Pixels: ro.Pixels, Disk: ro.Disk,
		AtHand: func() (string, error) { return start.AtHand(c) }}
	so.Base = func(ctx context.Context, s *run.Settings, given func(string) bool) (*run.Base, error) {
		of := *c
		of.Ctx, of.Given = ctx, given
		return start.Open(&of, "--from", s, o.Device)
	}
	if f.Halving != nil && o.Shard == "" {
		return so, nil // whatever the environment says
	}
	shard, one, err := sharded.Of(o.Shard)
	if one && shard.Count > 1 {
		so.Index, so.Count = shard.Index, shard.Count
	}
	if f.Halving != nil && so.Count > 0 {
		return so, shell.Fail(shell.Usagef("--shard: %w", sweep.ErrShards),
			"without --shard any number of processes share the trials")
	}
	return so, err
}

// planned says what is tried.
func planned(s *sweep.Sweep) string {
	text := fmt.Sprintf("%s of %s, compared by %s", table.Count(len(s.Plan.Trials), "trial"),
		table.Count(s.Plan.Points, "setting"),
		s.Plan.Figure)
	if h := s.Plan.Halving; h != nil {
		text += "; " + h.String()
	}
	if len(s.Plan.Data) == 0 {
		text += "; no data is named: on drawn flowers"
	}
	return text
}

// stopped says how a sweep that did not come to its end goes on.
func stopped(c *shell.Call, err error) error {
	const again = "the same command goes on from there"
	var full *atomicfile.Full
	switch {
	case errors.As(err, &full):
		return shell.Fail(err, full.Room()+"; then "+again)
	case c.Ctx.Err() != nil && errors.Is(err, c.Ctx.Err()):
		return shell.Fail(errors.New("interrupted"), again)
	}
	return err
}

// result writes what came out.
func (o *Flags) result(c *shell.Call, s *sweep.Sweep, w *watch) error {
	r, err := s.Result()
	if err != nil {
		return err
	}
	for _, row := range r.Failures() {
		if !w.failed[row.Trial] {
			c.Say("%s", row.Line(r.Figure))
		}
	}
	if o.JSON {
		return errors.Join(shell.WriteJSON(c.Out, r), r.Err())
	}
	if !r.Complete {
		_, err := fmt.Fprintf(c.Out, "%s: %d of %s have ended; other shards have the others\n",
			s.Dir, s.Ended(), table.Count(len(r.Trials), "trial"))
		return errors.Join(err, r.Err())
	}
	table, err := r.Compare()
	if err != nil {
		return err
	}
	if table != nil {
		for _, note := range table.Notes {
			c.Say("%s", note)
		}
		if err := table.WriteText(c.Out); err != nil {
			return err
		}
		fmt.Fprintln(c.Out)
	}
	if err := r.WriteText(c.Out); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.Out, filepath.Join(s.Dir, sweep.ResultFile))
	return errors.Join(err, r.Err())
}
