package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/report"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

// What train does instead of training: --list, --dry-run, --augment-preview and
// --lr-find.

// networkRow is a line of `train --list`.
type networkRow struct {
	Name       string `json:"name"`
	Input      [3]int `json:"input"`
	Parameters int    `json:"parameters"` // trainable, for arch.StudyClasses
	FLOPs      int64  `json:"flops"`      // of one image forward, a multiply-add is two
	Source     string `json:"source"`
}

// listNetworks writes what --arch can be.
func listNetworks(w io.Writer, asJSON bool) error {
	var rows []networkRow
	for _, p := range arch.All() {
		spec, err := p.Build(p.Size, arch.StudyClasses)
		if err != nil {
			return err
		}
		flops, _, err := spec.FLOPs()
		if err != nil {
			return err
		}
		rows = append(rows, networkRow{p.Name, spec.Input, p.Parameters, flops, p.Source})
	}
	if asJSON {
		return writeJSON(w, rows)
	}
	t := table.New("name", "input", "parameters", "gflop", "source")
	for _, r := range rows {
		t.Add(r.Name, fmt.Sprintf("%d x %d", r.Input[1], r.Input[2]), model.Thousands(r.Parameters),
			fmt.Sprintf("%.3f", float64(r.FLOPs)/1e9), r.Source)
	}
	return t.WriteText(w)
}

// writeNetwork writes a network as a table, a node a line.
func writeNetwork(w io.Writer, spec *model.Spec) error {
	shapes, err := spec.Shapes()
	if err != nil {
		return err
	}
	params, err := spec.Params()
	if err != nil {
		return err
	}
	owned := map[string]int{}
	for _, p := range params {
		owned[p.Node] += onnx.Elements(p.Shape)
	}
	trainable, running, err := spec.Count()
	if err != nil {
		return err
	}
	t := table.New("node", "op", "inputs", "shape", "parameters")
	for _, n := range spec.Nodes {
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(shapes[n.Name]), " ", " x "), "[]")
		t.Add(n.Name, n.Op, strings.Join(n.Inputs, " "), shape, model.Thousands(owned[n.Name]))
	}
	t.Add("all", "", "", "", fmt.Sprintf("%s trainable, %s running statistics",
		model.Thousands(trainable), model.Thousands(running)))
	return t.WriteText(w)
}

// previewable says whether a preview may be written to the path.
func previewable(path string, force bool) error {
	if !strings.HasSuffix(strings.ToLower(path), ".png") {
		return usagef("--augment-preview: got %s, want a name that ends in .png", path)
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return fail(fmt.Errorf("--augment-preview: %s is there already", path), "--force writes over it")
	}
	return nil
}

// drawPreview draws rows of the same image as the epochs will see it.
func (o *trainOptions) drawPreview(c *call, s *run.Session) error {
	const rows, epochs = 6, 7
	policy, tiles, err := s.Preview(c.ctx, rows, epochs)
	if err != nil {
		return err
	}
	grid := report.Preview(policy, s.Images.Set.Labels, s.Settings.Size, tiles)
	if err := atomicfile.Write(o.preview, grid.PNG); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s: each row is an image, then as %d epochs see it (%s)\n", o.preview, epochs, policy)
	return err
}

// findRate is `train --lr-find`; with --out it draws the curve there.
func (o *trainOptions) findRate(c *call, s *run.Session) error {
	c.say("trying rising learning rates")
	points, best, err := s.FindRate(c.ctx)
	if errors.Is(err, train.ErrNoFall) {
		return fail(fmt.Errorf("--lr-find: %w", err),
			"try more images, a smaller --batch or another --optimizer; without --lr a run takes the optimizer's own rate")
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
		return writeJSON(c.out, struct {
			LR     float64           `json:"lr"`
			Points []train.RatePoint `json:"points"`
		}{best, points})
	}
	_, err = fmt.Fprintf(c.out, "--lr %.2g: there the loss fell fastest, of %d rates from %.1g to %.2g\n",
		best, len(points), points[0].Rate, points[len(points)-1].Rate)
	return err
}
