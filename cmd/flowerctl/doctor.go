package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/ort"
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
			textFlag(&o.device, "device", "cpu", "`cpu`, or cuda: what must work"),
			jsonFlag(&o.json),
		},
		Action: action(o.run),
	}
}

// state is how well a thing is.
type state string

const (
	well   state = "ok"
	noted  state = "note" // worth knowing; nothing fails for it
	failed state = "FAIL"
)

// finding is one line of the doctor's.
type finding struct {
	Name   string `json:"name"`
	State  state  `json:"state"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

func (o *doctorOptions) run(c *call) error {
	if err := c.noFiles(); err != nil {
		return err
	}
	device, err := ort.ParseDevice(o.device)
	if err != nil {
		return failWith(exitUsage, fmt.Errorf("--device: %w", err))
	}
	gpu := examineGPU(device.CUDA)
	library := examineRuntime(c.ctx, device)
	usable := library.State == well
	findings := append([]finding{
		{Name: "flowerctl", State: well, Detail: fmt.Sprintf("%s, commit %s, %s %s/%s", version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)},
		{Name: "processor", State: well, Detail: fmt.Sprintf("%s, %d of %d cores, %s", machine.Processor(), runtime.GOMAXPROCS(0), runtime.NumCPU(), strings.Join(machine.Features(), " "))},
		examineKernels(),
		examinePictures(),
		library,
		examineModel(usable),
		examineMemory(),
		examineDisk(usable),
	}, gpu...)
	var bad int
	for _, f := range findings {
		if f.State == failed {
			bad++
		}
	}
	if o.json {
		err = writeJSON(c.out, struct {
			OK     bool      `json:"ok"`
			Checks []finding `json:"checks"`
		}{bad == 0, findings})
	} else {
		err = printFindings(c.out, findings)
	}
	switch {
	case err != nil || bad == 0:
		return err
	case device.CUDA && anyFailed(gpu):
		return failWith(exitNoDevice, fmt.Errorf("%d of %d checks failed", bad, len(findings)))
	}
	return fmt.Errorf("%d of %d checks failed", bad, len(findings))
}

func anyFailed(findings []finding) bool {
	for _, f := range findings {
		if f.State == failed {
			return true
		}
	}
	return false
}

func printFindings(w io.Writer, findings []finding) error {
	t := new(table.Table)
	for _, f := range findings {
		t.Add(f.State, f.Name, f.Detail)
		if f.Remedy != "" {
			t.Add("", "", "> "+f.Remedy)
		}
	}
	return t.WriteText(w)
}
