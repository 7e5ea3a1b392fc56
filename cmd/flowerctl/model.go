package main

import (
	"cmp"
	"errors"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
)

// envModel names the model to use where --model does not.
const envModel = "FLOWERCTL_MODEL"

// modelFlags choose a model and where it runs; the same for all commands that
// answer with one.
type modelFlags struct {
	model, precision, device, labels, output string
	threads, size                            int
	mean, std                                cli.Float64Slice
	tf32, verified                           bool
}

func (m *modelFlags) flags() []cli.Flag {
	const foreign = "for files from elsewhere:"
	return []cli.Flag{
		shell.TextFlag(&m.model, "model", "",
			"ONNX `FILE`; else $"+envModel+", else model.onnx here, else the one built in"),
		shell.TextFlag(&m.precision, "precision", "",
			"fp16 or int8: the file of that `PRECISION` beside the model, as model-fp16.onnx"),
		shell.TextFlag(&m.device, "device", "cpu", "`cpu`, cuda, cuda:N, or auto"),
		shell.IntFlag(&m.threads, "threads", 0,
			"threads that work on one run; 0 means all cores for one picture, "+
				"and one for many, of which as many runs overlap"),
		shell.BoolFlag(&m.tf32, "tf32", "cuda: faster and less exact products of matrices"),
		shell.BoolFlag(&m.verified, "require-verified",
			"refuse a model without a good report of flowerctl verify beside it"),
		shell.TextFlag(&m.labels, "labels", "", foreign+" `FILE` with the classes, one a line"),
		shell.TextFlag(&m.output, "output", "", foreign+" `NAME` of the output that is the answer"),
		shell.IntFlag(&m.size, "size", 0, foreign+" side of the square the network takes, `PIXELS`"),
		&cli.Float64SliceFlag{Name: "mean", Destination: &m.mean,
			Usage: foreign + " `M` or R,G,B subtracted from pixels of 0 to 1"},
		&cli.Float64SliceFlag{Name: "std", Destination: &m.std,
			Usage: foreign + " `S` or R,G,B that they are then divided by"},
	}
}

func (m *modelFlags) check() error {
	switch {
	case m.size < 0:
		return shell.Usagef("--size: got %d, want a number of pixels", m.size)
	case m.size > imageprep.MaxSize:
		return shell.Usagef("--size: got %d, want at most %d", m.size, imageprep.MaxSize)
	case m.tf32 && m.device != deviceAuto:
		if device, err := ort.ParseDevice(m.device); err == nil && !device.CUDA {
			return shell.Usagef("--tf32: got --device %s, want cuda or auto", device)
		}
	}
	if err := checkUnits(m.mean.Value(), m.std.Value()); err != nil {
		return err
	}
	switch export.Precision(m.precision) {
	case "", export.FP32, export.FP16, export.INT8:
		return checkThreads(m.threads)
	}
	return shell.Usagef("--precision: got %q, want fp32, fp16 or int8", m.precision)
}

// chosen is the model that the flags name, with onnxruntime loaded.
type chosen struct {
	*infer.File
	options infer.Options
	flags   *modelFlags
}

// find is the model that the flags name, with the onnxruntime loaded that it needs.
func (m *modelFlags) find(c *shell.Call) (*chosen, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	path := cmp.Or(m.model, os.Getenv(envModel))
	var file *infer.File
	var err error
	if m.precision != "" {
		file, err = infer.FindPrecision(path, m.precision)
	} else {
		file, err = infer.Find(path)
	}
	if err != nil {
		return nil, err
	}
	return m.choose(c, file)
}

// choose loads the onnxruntime that a model needs, which must have been verified
// where that is asked.
func (m *modelFlags) choose(c *shell.Call, file *infer.File) (_ *chosen, err error) {
	limitMemory(len(file.Data))
	o := infer.Options{Size: m.size, Output: m.output, Uncached: m.verified,
		Mean: float32s(m.mean.Value()), Std: float32s(m.std.Value())}
	o.Session.Threads, o.Session.TF32 = m.threads, m.tf32
	if m.labels != "" {
		if o.Labels, err = infer.ReadLabels(m.labels); err != nil {
			return nil, err
		}
	}
	switch {
	case !m.verified:
	case file.Builtin:
		_, err = verify.CheckReport(file.Name, file.Data, infer.BuiltinReport())
	default:
		_, err = verify.Require(file.Name, file.Data)
	}
	if err != nil {
		return nil, err
	}
	if o.Session.Device, err = needDevice(c, m.device); err != nil {
		return nil, err
	}
	if m.device == deviceAuto {
		o.Fallback = func(why error) { c.Say("device: cpu, since %v", why) }
	}
	return &chosen{file, o, m}, nil
}

// open opens the model, for a picture at a time or for many. With --device auto that
// is on the CPU where the GPU cannot be used after all, and the next one too.
func (m *chosen) open(c *shell.Call, many bool) (*infer.Classifier, error) {
	m.options.Many = many
	classifier, err := m.Open(m.options)
	if errors.Is(err, infer.ErrOwnSize) {
		return nil, shell.Usagef("--size: got %d, but %s says itself what size it takes",
			m.flags.size, m.Name)
	}
	var output *infer.OutputError
	if errors.As(err, &output) {
		return nil, shell.Usagef("--output: %w", err)
	}
	if err != nil {
		return nil, err
	}
	tellAssumed(c, classifier)
	session := &m.options.Session
	if session.Device = classifier.Session().Device(); session.TF32 && !session.Device.CUDA {
		session.TF32 = false
		c.Say("--tf32: without effect on the CPU")
	}
	return classifier, nil
}

// tell says which model is used.
func (m *chosen) tell(c *shell.Call) { c.Say("using %s on %s", m.Name, m.options.Session.Device) }

// tellAssumed says what the file leaves open, and how it is taken.
func tellAssumed(c *shell.Call, classifier *infer.Classifier) {
	if name, others := classifier.Output(); len(others) > 0 {
		c.Say("output %s answers; --output chooses another: %s", name, strings.Join(others, ", "))
	}
	for _, line := range classifier.Assumed() {
		c.Say("%s", line)
	}
}

func float32s(values []float64) []float32 {
	result := make([]float32, len(values))
	for i, v := range values {
		result[i] = float32(v)
	}
	return result
}
