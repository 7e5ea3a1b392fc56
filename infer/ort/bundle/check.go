package bundle

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

	"github.com/flowerctl/flowerctl/infer/bench"
	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/table"
)

// Step is one command of the check and what it gave.
type Step struct {
	Name    string          `json:"name"`
	Command []string        `json:"command"` // of flowerctl
	Exit    int             `json:"exit"`
	Seconds float64         `json:"seconds"`
	Output  json.RawMessage `json:"output,omitempty"` // where it is JSON
	Talk    string          `json:"talk,omitempty"`   // what it said on stderr
}

// Report is gpu-check.json.
type Report struct {
	OK      bool   `json:"ok"`
	Device  string `json:"device"`
	Version string `json:"flowerctl"`
	CPU     string `json:"cpu"`
	GPU     string `json:"gpu"` // as the driver calls it, with its version
	Steps   []Step `json:"steps"`
}

// CheckOptions say how a bundle is checked.
type CheckOptions struct {
	Device  ort.Device
	Seconds float64 // to spend on each figure of speed
	Out     string  // folder of the report
	Version string  // of the program that checks
	// Env are variables for the bundle's program, beside the one that names its
	// onnxruntime.
	Env []string
	Log func(line string) // hears which step comes
}

// The files of the report.
const (
	reportJSON     = "gpu-check.json"
	reportMarkdown = "gpu-check.md"
)

// ReportFile is the report that has all that was said.
const ReportFile = reportJSON

// Check runs the bundle's own program with the bundle's own libraries, and writes
// the report. A step that fails is a result; an error is a step that could not be
// run.
func (b *Manifest) Check(ctx context.Context, dir string, o CheckOptions) (*Report, error) {
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return nil, err
	}
	r := &Report{OK: true, Device: o.Device.String(), Version: o.Version, CPU: machine.Processor(),
		GPU: "none"}
	if parts := cuda.Parts(install.Library{}); parts[0].Problem == "" {
		r.GPU = parts[0].Found
	}
	env := append(o.Env[:len(o.Env):len(o.Env)],
		install.EnvLibrary+"="+filepath.Join(dir, Libs, Library))
	for _, step := range steps(b, dir, o.Out, r.Device, o.Seconds) {
		o.Log(step.Name)
		if err := step.run(ctx, filepath.Join(dir, Program), env); err != nil {
			return nil, err
		}
		r.OK = r.OK && step.Exit == 0
		r.Steps = append(r.Steps, step)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return r, errors.Join(atomicfile.WriteBytes(filepath.Join(o.Out, reportJSON), append(text, '\n')),
		atomicfile.Write(filepath.Join(o.Out, reportMarkdown), r.WriteMarkdown))
}

// steps are the check.
func steps(b *Manifest, dir, out, device string, seconds float64) []Step {
	at := func(name string) string { return filepath.Join(dir, name) }
	images := at(Images)
	var steps []Step
	add := func(name string, args ...string) {
		steps = append(steps, Step{Name: name, Command: args})
	}
	add("doctor", "doctor", "--device", strings.Split(device, ":")[0], "--json")
	add("predict on "+device, "predict", images, "--csv", "--device", device, "--model", at(Model))
	for _, m := range []struct{ name, label, report string }{
		{Model, "", "gpu-verify"},
		{Half, "fp16 ", "gpu-verify-fp16"},
	} {
		if b.Files[m.name] == "" {
			continue
		}
		add("verify "+m.label+"on "+device, "verify", at(m.name), "--run", at(Run), "--data", images,
			"--device", device, "--report", filepath.Join(out, m.report), "--json")
		for _, d := range []string{"cpu", device} {
			add("eval "+m.label+"on "+d, "eval", "--data", images, "--device", d, "--json", "--model",
				at(m.name))
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
func (s *Step) run(ctx context.Context, program string, env []string) error {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, program, s.Command...)
	command.Env = append(os.Environ(), env...)
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

// WriteMarkdown writes the report for people.
func (r *Report) WriteMarkdown(w io.Writer) error {
	result := "passed"
	if !r.OK {
		result = "FAILED"
	}
	fmt.Fprintf(w, "# GPU check on %s: %s\n\n", r.Device, result)
	fmt.Fprintf(w, "- GPU: %s\n- processor: %s\n- flowerctl %s\n\n", r.GPU, r.CPU, r.Version)
	t := table.New("step", "exit", "seconds", "result")
	for _, s := range r.Steps {
		t.Add(s.Name, s.Exit, fmt.Sprintf("%.1f", s.Seconds), strings.ReplaceAll(s.summary(), "|", "/"))
	}
	if err := t.WriteMarkdown(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// summary is a step's result in a few words: what it said where it failed.
func (s *Step) summary() string {
	if s.Exit != 0 {
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
			words = append(words, fmt.Sprintf("batch %d: %.2f ms, %.0f images/s", b.Batch, b.P50,
				b.PerSecond))
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
