package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// presetRow is what is known of a network of train --list: a line of
// `verify --presets --json`.
type presetRow struct {
	Network    string            `json:"network"`
	Parameters int               `json:"parameters"`
	Steps      uint64            `json:"steps"` // of training
	Images     int               `json:"images"`
	Source     string            `json:"source"`
	OK         bool              `json:"ok"`
	Problems   []string          `json:"problems,omitempty"`
	Reference  *verify.Reference `json:"reference"`
	Engines    []verify.Result   `json:"engines"`
}

// add takes in a report: what a GPU adds to the CPU's is onnxruntime's answers.
func (r *presetRow) add(report *verify.Report) {
	if r.Reference == nil {
		r.Reference, r.Images, r.Source, r.OK = &report.Reference, report.Images, report.Source, true
	}
	r.OK = r.OK && report.OK
	r.Problems = append(r.Problems, report.Problems...)
	for _, e := range report.Engines {
		if r.engine(e.Name) == nil {
			r.Engines = append(r.Engines, e)
		}
	}
}

func (r *presetRow) engine(name string) *verify.Result {
	for i := range r.Engines {
		if r.Engines[i].Name == name {
			return &r.Engines[i]
		}
	}
	return nil
}

// has says whether the network was verified on the device.
func (r *presetRow) has(device ort.Device) bool {
	return r.engine(verify.RuntimeName(ort.Options{Device: device})) != nil
}

// writePresets prints the table and keeps it in the folder.
func writePresets(c *cli.Context, dir string, rows []presetRow) error {
	if err := atomicfile.Write(filepath.Join(dir, "presets.md"), func(w io.Writer) error {
		return presetTable(w, rows)
	}); err != nil {
		return fileError(err)
	}
	var err error
	if c.Bool("json") {
		err = writeJSON(c.App.Writer, rows)
	} else {
		err = presetTable(c.App.Writer, rows)
	}
	var wrong []string
	for _, r := range rows {
		for _, p := range r.Problems {
			wrong = append(wrong, r.Network+": "+p)
		}
	}
	if len(wrong) == 0 {
		return err
	}
	return errors.Join(err, failWith(exitDifference, errors.New(wrong[0]), wrong[1:]...))
}

// presetTable writes networks by engines: answers that are gorgonia's, and the
// largest difference of a logit as a share of the largest logit. A column without
// an entry was not run.
func presetTable(w io.Writer, rows []presetRow) error {
	engines := []string{verify.RuntimeName(ort.Options{}), verify.OnnxGoName}
	gpu := ort.Device{CUDA: true}
	for _, r := range rows {
		for _, e := range r.Engines {
			if !slices.Contains(engines, e.Name) {
				engines = append(engines, e.Name)
			}
		}
	}
	if len(engines) == 2 {
		engines = append(engines, verify.RuntimeName(ort.Options{Device: gpu}),
			verify.RuntimeName(ort.Options{Device: gpu, TF32: true}))
	}
	var b strings.Builder
	b.WriteString("| network | steps | accuracy | " + strings.Join(engines, " | ") + " |\n")
	b.WriteString("|---|---|---|" + strings.Repeat("---|", len(engines)) + "\n")
	for _, r := range rows {
		accuracy := ""
		if a := r.Reference.Accuracy; a != nil {
			accuracy = fmt.Sprintf("%.1f %%", 100**a)
		}
		fmt.Fprintf(&b, "| %s | %d | %s |", r.Network, r.Steps, accuracy)
		for _, name := range engines {
			b.WriteString(" " + presetCell(r.engine(name)) + " |")
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// presetCell says how an engine answered.
func presetCell(e *verify.Result) string {
	switch {
	case e == nil:
		return ""
	case e.Skipped != "":
		return "skipped: " + e.Skipped
	case e.OK || e.Informative:
		return fmt.Sprintf("%d of %d, %.0e", e.ArgmaxEqual, e.N, e.MaxRel)
	}
	return fmt.Sprintf("**%d of %d, %.0e**", e.ArgmaxEqual, e.N, e.MaxRel)
}
