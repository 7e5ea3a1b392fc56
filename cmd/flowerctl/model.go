package main

import (
	"cmp"
	"errors"
	"os"

	"github.com/urfave/cli/v2"

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
	model, precision, device, labels string
	threads, size                    int
	mean, std                        cli.Float64Slice
	tf32, verified                   bool
}

func (m *modelFlags) flags() []cli.Flag {
	const foreign = "for files from elsewhere:"
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Destination: &m.model,
			Usage: "ONNX `FILE`; else $" + envModel + ", else model.onnx here, else the one built in"},
		&cli.StringFlag{Name: "precision", Destination: &m.precision,
			Usage: "fp16 or int8: the file of that `PRECISION` beside the model, as model-fp16.onnx"},
		&cli.StringFlag{Name: "device", Value: "cpu", Usage: "`cpu`, cuda, cuda:N, or auto", Destination: &m.device},
		&cli.IntFlag{Name: "threads", Destination: &m.threads, Usage: "threads that work on one run; " +
			"0 means all cores for one picture, and one for many, of which as many runs overlap"},
		&cli.BoolFlag{Name: "tf32", Usage: "cuda: faster and less exact products of matrices", Destination: &m.tf32},
		&cli.BoolFlag{Name: "require-verified", Destination: &m.verified,
			Usage: "refuse a model without a good report of flowerctl verify beside it"},
		&cli.StringFlag{Name: "labels", Usage: foreign + " `FILE` with the classes, one a line", Destination: &m.labels},
		&cli.IntFlag{Name: "size", Usage: foreign + " side of the square the network takes, `PIXELS`", Destination: &m.size},
		&cli.Float64SliceFlag{Name: "mean", Usage: foreign + " `M` or R,G,B taken off pixels of 0 to 1", Destination: &m.mean},
		&cli.Float64SliceFlag{Name: "std", Usage: foreign + " `S` or R,G,B that they are then divided by", Destination: &m.std},
	}
}

func (m *modelFlags) check() error {
	switch {
	case m.size < 0:
		return usagef("--size: got %d, want a number of pixels", m.size)
	case m.size > imageprep.MaxSize:
		return usagef("--size: got %d, want at most %d", m.size, imageprep.MaxSize)
	case m.tf32 && m.device != deviceAuto:
		if device, err := ort.ParseDevice(m.device); err == nil && !device.CUDA {
			return usagef("--tf32: got --device %s, want cuda or auto", device)
		}
	}
	switch export.Precision(m.precision) {
	case "", export.FP32, export.FP16, export.INT8:
		return checkThreads(m.threads)
	}
	return usagef("--precision: got %q, want fp32, fp16 or int8", m.precision)
}

// chosen is the model that the flags name, with onnxruntime loaded.
type chosen struct {
	*infer.File
	options infer.Options
	flags   *modelFlags
}

// choose finds the model and loads the onnxruntime that it needs.
func (m *modelFlags) choose(c *call) (*chosen, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	o := infer.Options{Size: m.size, Mean: float32s(m.mean.Value()), Std: float32s(m.std.Value()), Uncached: m.verified}
	o.Session.Threads, o.Session.TF32 = m.threads, m.tf32
	var err error
	if m.labels != "" {
		if o.Labels, err = infer.ReadLabels(m.labels); err != nil {
			return nil, err
		}
	}
	file, err := m.find(cmp.Or(m.model, os.Getenv(envModel)), m.precision)
	if err != nil {
		return nil, err
	}
	if o.Session.Device, err = needDevice(c, m.device); err != nil {
		return nil, err
	}
	if m.device == deviceAuto {
		o.Fallback = func(why error) { c.say("device: cpu, since %v", why) }
	}
	return &chosen{file, o, m}, nil
}

// find reads the model at path, or its file of a precision, which must have been
// verified where that is asked.
func (m *modelFlags) find(path, precision string) (f *infer.File, err error) {
	if precision != "" {
		f, err = infer.FindPrecision(path, precision)
	} else {
		f, err = infer.Find(path)
	}
	switch {
	case err != nil || !m.verified:
		return f, err
	case f.Builtin:
		_, err = verify.CheckReport(f.Name, f.Data, infer.BuiltinReport())
	default:
		_, err = verify.Require(f.Name, f.Data)
	}
	return f, err
}

// open opens the model, for a picture at a time or for many. With --device auto that
// is on the CPU where the GPU cannot be used after all, and the next one too.
func (m *chosen) open(c *call, many bool) (*infer.Classifier, error) {
	m.options.Many = many
	classifier, err := m.Open(m.options)
	if errors.Is(err, infer.ErrOwnSize) {
		return nil, usagef("--size: got %d, but %s says itself what size it takes", m.flags.size, m.Name)
	}
	if err != nil {
		return nil, err
	}
	session := &m.options.Session
	if session.Device = classifier.Session().Device(); session.TF32 && !session.Device.CUDA {
		session.TF32 = false
		c.say("--tf32: without effect on the CPU")
	}
	return classifier, nil
}

// tell says which model is used.
func (m *chosen) tell(c *call) { c.say("using %s on %s", m.Name, m.options.Session.Device) }

func float32s(values []float64) []float32 {
	result := make([]float32, len(values))
	for i, v := range values {
		result[i] = float32(v)
	}
	return result
}
