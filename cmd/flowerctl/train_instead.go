package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/report"
	"github.com/flowerctl/flowerctl/train/run"
)

// What train does instead of training: --list, --dry-run, --augment-preview and
// --lr-find.

// writes is the flag of what is written, and its path; "" where nothing is, or in a run's own
// folder.
func (o *trainOptions) writes(dir string) (flag, path string) {
	switch {
	case o.preview != "":
		return "augment-preview", o.preview
	case o.lrFind || o.curve.Wanted() || o.dryRun || o.resume != "":
		return "out", o.out
	}
	return "out", dir
}

// listNetworks writes what --arch can be.
func listNetworks(c *shell.Call, asJSON bool) error {
	rows, err := arch.List()
	if err != nil {
		return err
	}
	return c.Write(asJSON, rows, arch.Table(rows))
}

// dryRun writes the network that would be trained.
func dryRun(c *shell.Call, s *run.Session) error {
	t, err := s.Spec.Table()
	if err != nil {
		return err
	}
	return t.WriteText(c.Out)
}

// previewable says whether a preview may be written to the path.
func previewable(path string, force bool) error {
	if !strings.HasSuffix(strings.ToLower(path), ".png") {
		return shell.Usagef("--augment-preview: got %s, want a name that ends in .png", path)
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return shell.Fail(fmt.Errorf("--augment-preview: %s is there already", path),
			"--force writes over it")
	}
	return nil
}

// drawPreview draws rows of the same image as the epochs will see it.
func (o *trainOptions) drawPreview(c *shell.Call, s *run.Session) error {
	const rows, epochs = 6, 7
	policy, tiles, err := s.Preview(c.Ctx, rows, epochs)
	if err != nil {
		return err
	}
	grid := report.Preview(policy, s.Images.Set.Labels, s.Settings.Size, tiles)
	if err := atomicfile.Write(o.preview, grid.PNG); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: each row is an image, then as %d epochs see it (%s)\n",
		o.preview, epochs, policy)
	return err
}

// findRate is `train --lr-find`; with --out it draws the curve there.
func (o *trainOptions) findRate(c *shell.Call, s *run.Session) error {
	c.Say("trying rising learning rates")
	points, best, err := s.FindRate(c.Ctx)
	if errors.Is(err, train.ErrNoFall) {
		return shell.Fail(fmt.Errorf("--lr-find: %w", err),
			"try more images, a smaller --batch or another --optimizer; without --lr a run takes the "+
				"optimizer's own rate")
	}
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := os.MkdirAll(o.out, 0o777); err != nil {
			return err
		}
		if err := report.WriteRates(o.out, points, best); err != nil {
			return err
		}
	}
	if o.json {
		return shell.WriteJSON(c.Out, struct {
			LR     float64           `json:"lr"`
			Points []train.RatePoint `json:"points"`
		}{best, points})
	}
	_, err = fmt.Fprintf(c.Out,
		"--lr %.2g: there the loss fell fastest, of %d rates from %.1g to %.2g\n",
		best, len(points), points[0].Rate, points[len(points)-1].Rate)
	return err
}
