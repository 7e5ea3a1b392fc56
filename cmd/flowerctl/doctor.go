package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/onnx"
	kernelengine "github.com/flowerctl/flowerctl/train/nn/kernel/engine"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "say what works on this machine, and mend what does not",
		Description: `Every line that is not well has the command that mends it. The exit code is 0
when training, exporting and predicting would work; with --device cuda, when
they would on the GPU.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "device", Value: "cpu", Usage: "`cpu`, or cuda: what must work"},
			jsonFlag(new(bool)),
		},
		Action: doctor,
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

func doctor(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	device, err := ort.ParseDevice(c.String("device"))
	if err != nil {
		return failWith(exitUsage, fmt.Errorf("--device: %w", err))
	}
	gpu := examineGPU(device.CUDA)
	library := examineRuntime(c.Context, device)
	usable := library.State == well
	findings := append([]finding{
		{Name: "flowerctl", State: well, Detail: fmt.Sprintf("%s, commit %s, %s %s/%s", version, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)},
		{Name: "processor", State: well, Detail: fmt.Sprintf("%s, %d of %d cores, %s", cpuName(), runtime.GOMAXPROCS(0), runtime.NumCPU(), strings.Join(cpuFeatures(), " "))},
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
	if c.Bool("json") {
		err = writeJSON(c.App.Writer, struct {
			OK     bool      `json:"ok"`
			Checks []finding `json:"checks"`
		}{bad == 0, findings})
	} else {
		err = printFindings(c.App.Writer, findings)
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
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.State, f.Name, f.Detail)
		if f.Remedy != "" {
			fmt.Fprintf(t, "\t\t> %s\n", f.Remedy)
		}
	}
	return t.Flush()
}

func examineKernels() finding {
	f := finding{Name: "kernels", State: well, Detail: kernelengine.Description()}
	if strings.HasPrefix(f.Detail, "go") {
		f.State, f.Detail = noted, f.Detail+": training works, more slowly than with oneDNN"
		f.Remedy = "apt-get install libdnnl-dev, then make build"
	}
	return f
}

func examinePictures() finding {
	decoder, resizer := imageprep.Engines()
	f := finding{Name: "pictures", State: well, Detail: "JPEG read by " + decoder + ", resized by " + resizer}
	if decoder == "go" {
		f.State, f.Detail = noted, f.Detail+": the same pixels, more slowly than with libjpeg-turbo"
		f.Remedy = "apt-get install libjpeg-dev, then make build"
	}
	return f
}

// examineRuntime compares the library's files with their hashes, loads it, and
// runs a model in it.
func examineRuntime(ctx context.Context, device ort.Device) finding {
	state := stateOf(device.Build())
	if state.Error != "" {
		return finding{"onnxruntime", failed, oneLine(state.err), remedy(state.err, device.Build())}
	}
	library, err := ort.Load(state.Library)
	if err == nil {
		err = selfTest(ctx)
	}
	if err != nil {
		return finding{"onnxruntime", failed, oneLine(err), remedy(err, device.Build())}
	}
	detail := fmt.Sprintf("%s (%s), %s", library.Version, providers(library), library.Path)
	for _, sum := range library.Files {
		detail += ", SHA-256 as installed: " + sum[:12]
		break
	}
	return finding{Name: "onnxruntime", State: well, Detail: detail}
}

// providers are what the library computes on.
func providers(library ort.Library) string {
	if isFile(library.Providers()[0]) {
		return ort.Device{CUDA: true}.Provider() + ", " + ort.Device{}.Provider()
	}
	return ort.Device{}.Provider()
}

// selfTest runs the smallest of models: y = -x.
func selfTest(ctx context.Context) (err error) {
	one := onnx.Known(1)
	m := onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 18}}, Graph: onnx.Graph{
		Name:    "selftest",
		Inputs:  []onnx.ValueInfo{onnx.TensorInfo("x", onnx.Float32, one)},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo("y", onnx.Float32, one)},
		Nodes:   []onnx.Node{{Name: "negate", Op: "Neg", Inputs: []string{"x"}, Outputs: []string{"y"}}},
	}}
	data, err := m.Encode()
	if err != nil {
		return err
	}
	session, err := ort.NewSession(data, ort.Options{})
	if err != nil {
		return err
	}
	defer closing(&err, session.Close)
	out, err := session.Run(ctx, map[string]onnx.Tensor{"x": {Shape: []int{1}, Data: []float32{2}}})
	if err == nil && (len(out["y"].Data) != 1 || out["y"].Data[0] != -2) {
		err = fmt.Errorf("a model that negates 2 answers %v", out["y"].Data)
	}
	return err
}

// examineModel says which model predict would take, and opens it where there is an
// onnxruntime for that. To have none is no fault before the first training.
func examineModel(usable bool) finding {
	path, from, mend := os.Getenv(envModel), ", from "+envModel, "unset "+envModel+", or name an ONNX file"
	if path == "" {
		path, from, mend = "model.onnx", " in this folder", "flowerctl export model.onnx --force, or --model names another file"
	}
	file, err := readModelFile(path)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv(envModel) == "" {
		return finding{"model", noted, "the built-in one, which knows drawn flowers",
			"flowerctl train --data photos/ && flowerctl export model.onnx"}
	}
	if err != nil {
		return finding{"model", failed, err.Error(), mend}
	}
	if !usable {
		return finding{Name: "model", State: noted, Detail: path + from + ": not opened, for want of onnxruntime"}
	}
	classifier, err := infer.New(file, infer.Options{})
	switch {
	case err == nil:
		err = classifier.Close()
	case errors.Is(err, infer.ErrNoLabels):
		return finding{"model", noted, path + from + ": " + err.Error(), "flowerctl predict --labels FILE, with the classes one a line"}
	case errors.Is(err, infer.ErrNoSize):
		return finding{"model", noted, path + from + ": " + err.Error(), "flowerctl predict --size PIXELS"}
	}
	if err != nil {
		return finding{"model", failed, path + from + ": " + oneLine(err), mend}
	}
	return finding{Name: "model", State: well, Detail: path + from}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// examineGPU lists what CUDA needs. Without a GPU that is one line, unless the
// GPU is what was asked for.
func examineGPU(wanted bool) []finding {
	bad := noted
	if wanted {
		bad = failed
	}
	library, err := ort.Find(ort.BuildCUDA)
	if err != nil && !errors.Is(err, ort.ErrNotInstalled) {
		return []finding{{"CUDA", bad, oneLine(err), remedy(err, ort.BuildCUDA)}}
	}
	parts := ort.CUDAParts(library)
	if parts[0].Problem != "" && !wanted {
		return []finding{{Name: "GPU", State: noted, Detail: "not used: " + parts[0].Name + ": " + parts[0].Problem}}
	}
	var findings []finding
	for _, p := range parts {
		f := finding{Name: p.Name, State: well, Detail: p.Found}
		if p.Problem != "" {
			f = finding{p.Name, bad, p.Problem, p.Remedy}
		}
		findings = append(findings, f)
	}
	return findings
}
