package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/doctor"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/table"
)

type doctorOptions struct {
	device string
	json   bool
}

func doctorCommand() *cli.Command {
	o := new(doctorOptions)
	return &cli.Command{
		Name:  "doctor",
		Usage: "say what works on this machine, and mend what does not",
		Description: `Every line that is not well has the command that mends it. The exit code is 0
when training, exporting and predicting would work; with --device cuda, when
they would on the GPU.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "device", Value: "cpu", Usage: "`cpu`, or cuda: what must work",
				Destination: &o.device},
			shell.JSONFlag(&o.json),
		},
		Action: shell.Action(o.run),
	}
}

// check is one line of the doctor's.
type check struct {
	Name   string       `json:"name"`
	State  doctor.State `json:"state"`
	Detail string       `json:"detail"`
	Remedy string       `json:"remedy,omitempty"`
}

func (o *doctorOptions) run(c *shell.Call) error {
	if err := c.NoFiles(); err != nil {
		return err
	}
	device, err := ort.ParseDevice(o.device)
	if err != nil {
		return shell.FailWith(shell.ExitUsage, fmt.Errorf("--device: %w", err))
	}
	gpu := checksOf(install.BuildCUDA, doctor.GPU(device.CUDA)...)
	library := doctor.Runtime(c.Ctx, device)
	usable := library.State == doctor.Well
	checks := slices.Concat(
		[]check{aboutProgram()},
		checksOf(device.Build(), doctor.Processor()),
		[]check{aboutKernels()},
		checksOf(device.Build(), doctor.Pictures(), library, choose.Predicts().Examine(usable),
			doctor.Memory(), doctor.Cache(usable)),
		gpu)
	bad := failures(checks)
	if o.json {
		err = shell.WriteJSON(c.Out, struct {
			OK     bool    `json:"ok"`
			Checks []check `json:"checks"`
		}{bad == 0, checks})
	} else {
		err = printChecks(c.Out, checks)
	}
	switch {
	case err != nil || bad == 0:
		return err
	case device.CUDA && failures(gpu) > 0:
		return shell.FailWith(shell.ExitNoDevice, fmt.Errorf("%d of %d checks failed", bad, len(checks)))
	}
	return fmt.Errorf("%d of %d checks failed", bad, len(checks))
}

// aboutProgram says which flowerctl this is.
func aboutProgram() check {
	return check{Name: "flowerctl", State: doctor.Well, Detail: fmt.Sprintf("%s, commit %s, %s %s/%s",
		version, shell.Commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)}
}

// aboutKernels says what training computes with.
func aboutKernels() check {
	c := check{Name: "kernels", State: doctor.Well, Detail: run.Kernels()}
	if strings.HasPrefix(c.Detail, "go") {
		c.State, c.Detail = doctor.Noted, c.Detail+": training works, more slowly than with oneDNN"
		c.Remedy = "apt-get install libdnnl-dev, then make build"
	}
	return c
}

// checksOf writes what the doctor found as lines.
func checksOf(build install.Build, findings ...doctor.Finding) (checks []check) {
	for _, f := range findings {
		detail := f.Detail
		switch {
		case f.Err != nil && detail != "":
			detail += ": " + shell.OneLine(f.Err)
		case f.Err != nil:
			detail = shell.OneLine(f.Err)
		}
		checks = append(checks, check{f.Name, f.State, detail, remedy.Finding(f, build)})
	}
	return checks
}

// failures counts the checks that failed.
func failures(checks []check) (n int) {
	for _, c := range checks {
		if c.State == doctor.Failed {
			n++
		}
	}
	return n
}

func printChecks(w io.Writer, checks []check) error {
	t := new(table.Table)
	for _, c := range checks {
		t.Add(c.State, c.Name, c.Detail)
		if c.Remedy != "" {
			t.Add("", "", "> "+c.Remedy)
		}
	}
	return t.WriteText(w)
}
