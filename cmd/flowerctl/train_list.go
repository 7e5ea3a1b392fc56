package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/report"
)

// networkRow is a line of `train --list`.
type networkRow struct {
	Name       string `json:"name"`
	Input      [3]int `json:"input"`
	Parameters int    `json:"parameters"` // trainable, for five classes
	FLOPs      int64  `json:"flops"`      // of one image forward, a multiply-add is two
	Source     string `json:"source"`
}

// listNetworks writes what --arch can be.
func listNetworks(c *cli.Context) error {
	var rows []networkRow
	for _, p := range arch.All() {
		spec, err := p.Build(p.Size, 5)
		if err != nil {
			return err
		}
		parameters, _, err := spec.Count()
		if err != nil {
			return err
		}
		flops, _, err := spec.FLOPs()
		if err != nil {
			return err
		}
		rows = append(rows, networkRow{p.Name, spec.Input, parameters, flops, p.Source})
	}
	if c.Bool("json") {
		return writeJSON(c.App.Writer, rows)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tINPUT\tPARAMETERS\tGFLOP\tSOURCE")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d x %d\t%s\t%.3f\t%s\n",
			r.Name, r.Input[1], r.Input[2], model.Thousands(r.Parameters), float64(r.FLOPs)/1e9, r.Source)
	}
	return w.Flush()
}

// writeSummary writes a network as a table, a node a line.
func writeSummary(out io.Writer, spec *model.Spec) error {
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
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tOP\tINPUTS\tSHAPE\tPARAMETERS")
	for _, n := range spec.Nodes {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.Name, n.Op, strings.Join(n.Inputs, " "),
			strings.Trim(strings.ReplaceAll(fmt.Sprint(shapes[n.Name]), " ", " x "), "[]"), model.Thousands(owned[n.Name]))
	}
	trainable, running, err := spec.Count()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "all\t\t\t\t%s trainable, %s running statistics\n", model.Thousands(trainable), model.Thousands(running))
	return w.Flush()
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

// previewAugmentation draws rows of the same image as the epochs will see it.
func previewAugmentation(c *cli.Context, s *session, path string) error {
	const rows, epochs = 6, 7
	indices := s.cache.Set.Indices(data.Train)
	var some []int
	for i := range min(rows, len(indices)) { // from all over, so from all classes
		some = append(some, indices[i*len(indices)/min(rows, len(indices))])
	}
	tiles, err := data.Preview(c.Context, s.cache, some, s.augment, s.Seed, epochs)
	if err != nil {
		return fileError(err)
	}
	policy := s.augment.String()
	if policy == "" {
		policy = "none"
	}
	grid := report.Preview(policy, s.cache.Set.Labels, s.Size, tiles)
	if err := atomicfile.Write(path, grid.PNG); err != nil {
		return fileError(err)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s: each row is an image, then as %d epochs see it (%s)\n", path, epochs, policy)
	return err
}
