package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer/bench"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

func gpuCheckCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "run the check in a prepared folder, and write gpu-check.md and .json",
		ArgsUsage: "[DIR]",
		Description: `DIR is the folder that "flowerctl gpu bundle" wrote; else the one that this
program is in. Runs doctor, predict, verify (TF32 off, then on), eval and bench
infer on the GPU and on the CPU. No network is used.

  ./flowerctl gpu check
  ./flowerctl gpu check --device cpu     a dry run, where there is no GPU`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "device", Value: "cuda", Usage: "cuda or cuda:N, or cpu for a dry run"},
			&cli.Float64Flag{Name: "seconds", Value: 2, Usage: "bench: `S` to spend on each figure"},
			&cli.StringFlag{Name: "out", Value: ".", Usage: "`DIR` for the report"},
		},
		Action: gpuCheck,
	}
}

// gpuStep is one command of the check and what it gave.
type gpuStep struct {
	Name    string          `json:"name"`
	Command []string        `json:"command"` // of flowerctl
	Exit    int             `json:"exit"`
	Seconds float64         `json:"seconds"`
	Output  json.RawMessage `json:"output,omitempty"` // where it is JSON
	Talk    string          `json:"talk,omitempty"`   // what it said on stderr
}

// gpuReport is gpu-check.json.
type gpuReport struct {
	OK      bool      `json:"ok"`
	Device  string    `json:"device"`
	Version string    `json:"flowerctl"`
	CPU     string    `json:"cpu"`
	GPU     string    `json:"gpu"` // as the driver calls it, with its version
	Steps   []gpuStep `json:"steps"`
}

func gpuCheck(c *cli.Context) error {
	device, err := ort.ParseDevice(c.String("device"))
	if err != nil {
		return failWith(exitUsage, fmt.Errorf("--device: %w", err))
	}
	if _, err := secondsOf(c.Float64("seconds")); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir := filepath.Dir(program)
	if c.Args().Present() {
		dir = c.Args().First()
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	b, err := readBundle(dir)
	if err != nil {
		return fail(err, "flowerctl gpu bundle DIR writes it whole; copy it again")
	}
	out, err := filepath.Abs(c.String("out"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fileError(err)
	}
	r := gpuReport{OK: true, Device: device.String(), Version: version, CPU: cpuName(), GPU: "none"}
	if parts := ort.CUDAParts(ort.Library{}); parts[0].Problem == "" {
		r.GPU = parts[0].Found
	}
	for _, step := range gpuSteps(b, dir, out, device.String(), c.Float64("seconds")) {
		talk(c, "%s", step.Name)
		if err := step.run(c.Context, filepath.Join(dir, bundleProgram), dir); err != nil {
			return err
		}
		r.OK = r.OK && step.Exit == exitDone
		r.Steps = append(r.Steps, step)
	}
	if err := errors.Join(
		train.WriteJSON(filepath.Join(out, "gpu-check.json"), r),
		atomicfile.Write(filepath.Join(out, "gpu-check.md"), r.print),
	); err != nil {
		return fileError(err)
	}
	if err := r.print(c.App.Writer); err != nil || r.OK {
		return err
	}
	return r.failure(device)
}

// failure is the check's exit code: of the device, when that is what is missing.
func (r *gpuReport) failure(device ort.Device) error {
	for _, step := range r.Steps {
		if step.Exit != exitDone {
			err := fmt.Errorf("%s: exit code %d", step.Name, step.Exit)
			if device.CUDA && step.Exit == exitNoDevice {
				return failWith(exitNoDevice, err, "gpu-check.json has all that was said")
			}
			return fail(err, "gpu-check.json has all that was said")
		}
	}
	return nil
}

// gpuSteps is the check.
func gpuSteps(b *bundle, dir, out, device string, seconds float64) []gpuStep {
	at := func(name string) string { return filepath.Join(dir, name) }
	images := at(bundleImages)
	var steps []gpuStep
	add := func(name string, args ...string) { steps = append(steps, gpuStep{Name: name, Command: args}) }
	add("doctor", "doctor", "--device", strings.Split(device, ":")[0], "--json")
	add("predict on "+device, "predict", images, "--csv", "--device", device, "--model", at(bundleModel))
	for _, m := range []struct{ name, label, report string }{
		{bundleModel, "", "gpu-verify"},
		{bundleHalf, "fp16 ", "gpu-verify-fp16"},
	} {
		if b.Files[m.name] == "" {
			continue
		}
		add("verify "+m.label+"on "+device, "verify", at(m.name), "--run", at(bundleRun), "--data", images,
			"--device", device, "--report", filepath.Join(out, m.report), "--json")
		for _, d := range []string{"cpu", device} {
			add("eval "+m.label+"on "+d, "eval", "--data", images, "--device", d, "--json", "--model", at(m.name))
		}
		for _, d := range []string{"cpu", device} {
			add("bench infer "+m.label+"on "+d, "bench", "infer", images, "--device", d,
				"--seconds", fmt.Sprint(seconds), "--json", "--model", at(m.name))
		}
	}
	return steps
}

// run runs the folder's own program with the folder's own libraries. An exit
// code is a result; only a program that cannot be run is an error.
func (s *gpuStep) run(ctx context.Context, program, dir string) error {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, program, s.Command...)
	command.Env = append(os.Environ(), envOffline+"=1",
		ort.EnvLibrary+"="+filepath.Join(dir, bundleLibs, bundleLibrary))
	command.Stdout, command.Stderr = &stdout, &stderr
	start := time.Now()
	err := command.Run()
	s.Seconds = time.Since(start).Seconds()
	s.Talk = strings.TrimSpace(stderr.String())
	if json.Valid(stdout.Bytes()) {
		s.Output = stdout.Bytes()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		s.Exit = exit.ExitCode()
		return nil
	}
	return errors.Join(err, ctx.Err())
}

// print writes the report as Markdown.
func (r *gpuReport) print(w io.Writer) error {
	result := "passed"
	if !r.OK {
		result = "FAILED"
	}
	fmt.Fprintf(w, "# GPU check on %s: %s\n\n", r.Device, result)
	fmt.Fprintf(w, "- GPU: %s\n- processor: %s\n- flowerctl %s\n\n", r.GPU, r.CPU, r.Version)
	fmt.Fprintf(w, "| step | exit | seconds | result |\n|---|---|---|---|\n")
	for _, s := range r.Steps {
		fmt.Fprintf(w, "| %s | %d | %.1f | %s |\n", s.Name, s.Exit, s.Seconds, strings.ReplaceAll(s.summary(), "|", "/"))
	}
	_, err := fmt.Fprintln(w)
	return err
}

// summary is a step's result in a few words: what it said where it failed.
func (s *gpuStep) summary() string {
	if s.Exit != exitDone {
		lines := strings.Split(s.Talk, "\n")
		for _, line := range lines {
			if strings.HasPrefix(line, "flowerctl ") {
				return line
			}
		}
		return lines[len(lines)-1]
	}
	var v struct {
		Accuracy *float64     `json:"accuracy"`
		N        int          `json:"n"`
		Device   string       `json:"device"` // of bench infer only
		Batches  []bench.Runs `json:"batches"`
		Engines  []struct {
			Name        string  `json:"name"`
			N           int     `json:"n"` // 0 where it was skipped
			Same        int     `json:"argmax_equal"`
			MaxRelative float64 `json:"max_rel_diff"`
		} `json:"engines"`
	}
	if json.Unmarshal(s.Output, &v) != nil {
		return ""
	}
	var words []string
	if v.Accuracy != nil {
		words = append(words, fmt.Sprintf("accuracy %.2f %% of %d", 100**v.Accuracy, v.N))
	}
	for _, b := range v.Batches {
		if v.Device != "" {
			words = append(words, fmt.Sprintf("batch %d: %.2f ms, %.0f images/s", b.Batch, b.P50, b.PerSecond))
		}
	}
	for _, e := range v.Engines {
		if e.N > 0 {
			words = append(words, fmt.Sprintf("%s: %d of %d the same, logits %.0e apart",
				e.Name, e.Same, e.N, e.MaxRelative))
		}
	}
	return strings.Join(words, "; ")
}
