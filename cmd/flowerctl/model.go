package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
func modelFlags() []cli.Flag {
	const foreign = "for files from elsewhere:"
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Usage: "ONNX `FILE`; else $" + envModel + ", else model.onnx here, else the one built in"},
		&cli.StringFlag{Name: "precision", Usage: "fp16 or int8: the file of that `PRECISION` beside the model, as model-fp16.onnx"},
		&cli.StringFlag{Name: "device", Value: "cpu", Usage: "`cpu`, cuda, cuda:N, or auto"},
		&cli.IntFlag{Name: "threads", Usage: "threads that work on one run; 0 means all cores for one picture, and one for many, of which as many runs overlap"},
		&cli.BoolFlag{Name: "tf32", Usage: "cuda: faster and less exact products of matrices"},
		&cli.BoolFlag{Name: "require-verified", Usage: "refuse a model without a good report of flowerctl verify beside it"},
		&cli.StringFlag{Name: "labels", Usage: foreign + " `FILE` with the classes, one a line"},
		&cli.IntFlag{Name: "size", Usage: foreign + " side of the square the network takes, `PIXELS`"},
		&cli.Float64SliceFlag{Name: "mean", Usage: foreign + " `M` or R,G,B taken off pixels of 0 to 1"},
		&cli.Float64SliceFlag{Name: "std", Usage: foreign + " `S` or R,G,B that they are then divided by"},
	}
}

// openModel opens the model that the flags name, on the device they name, and
// says which on stderr; the name is for people. onnxruntime is installed first
// where it is missing. many says that many pictures are to be answered.
func openModel(c *cli.Context, many bool) (classifier *infer.Classifier, name string, err error) {
	m, err := findModel(c)
	if err != nil {
		return nil, "", err
	}
	if classifier, err = m.open(c, many); err != nil {
		return nil, "", err
	}
	talk(c, "using %s on %s", m.name, m.options.Session.Device)
	return classifier, m.name, nil
}

// chosenModel is the model that the flags name, with onnxruntime loaded.
type chosenModel struct {
	name    string
	file    []byte
	options infer.Options
}

func findModel(c *cli.Context) (*chosenModel, error) {
	options, err := modelOptions(c)
	if err != nil {
		return nil, err
	}
	precision, err := askedPrecision(c)
	if err != nil {
		return nil, err
	}
	name, file, err := readModel(c, precision)
	if err != nil {
		return nil, err
	}
	return chooseModel(c, name, file, options)
}

// chooseModel loads the onnxruntime for a file that has been read, on the device
// that the flags name.
func chooseModel(c *cli.Context, name string, file []byte, options infer.Options) (_ *chosenModel, err error) {
	if c.Bool("require-verified") {
		if err := requireVerified(name, file); err != nil {
			return nil, fail(fileError(err), "flowerctl verify FILE.onnx writes the report")
		}
	}
	if options.Session.Device, err = needDevice(c); err != nil {
		return nil, err
	}
	if options.Session.Name, err = keptName(c, name); err != nil {
		return nil, err
	}
	m := &chosenModel{name, file, options}
	m.withoutTF32(c)
	return m, nil
}

// withoutTF32 says so where --device auto came to the CPU, which has no TF32.
func (m *chosenModel) withoutTF32(c *cli.Context) {
	if s := &m.options.Session; s.TF32 && !s.Device.CUDA {
		s.TF32 = false
		talk(c, "--tf32: without effect on the CPU")
	}
}

// keptName is the name under which the model's optimised graph is kept: none where
// nothing but what was verified may answer.
func keptName(c *cli.Context, name string) (string, error) {
	switch {
	case c.Bool("require-verified"):
		return "", nil
	case name == builtinName:
		return name, nil
	}
	return filepath.Abs(name)
}

func requireVerified(name string, file []byte) (err error) {
	if name == builtinName {
		_, err = verify.CheckReport(name, file, infer.BuiltinReport())
	} else {
		_, err = verify.Require(name, file)
	}
	return err
}

// open opens the model, on the CPU where --device auto finds that the GPU cannot
// be used after all.
func (m *chosenModel) open(c *cli.Context, many bool) (*infer.Classifier, error) {
	m.options.Many = many
	classifier, err := infer.New(m.file, m.options)
	var device *ort.DeviceError
	if errors.As(err, &device) && c.String("device") == deviceAuto {
		talk(c, "device: cpu, since %v", err)
		m.options.Session.Device = ort.Device{} // the build with CUDA does that too
		m.withoutTF32(c)
		classifier, err = infer.New(m.file, m.options)
	}
	if err != nil {
		return nil, modelFailure(fmt.Errorf("%s: %w", m.name, err))
	}
	// A graph that resizes would enlarge again what was made smaller for it.
	if _, says := classifier.Session().Metadata()["preprocess"]; says && m.options.Size > 0 {
		err := usagef("--size: got %d, but %s says itself what size it takes", m.options.Size, m.name)
		return nil, errors.Join(err, classifier.Close())
	}
	return classifier, nil
}

// modelOptions reads the flags that describe the model.
func modelOptions(c *cli.Context) (o infer.Options, err error) {
	o.Size = c.Int("size")
	o.Mean, o.Std = float32s(c.Float64Slice("mean")), float32s(c.Float64Slice("std"))
	o.Explain = c.String("explain") != ""
	o.Session.Threads, o.Session.TF32 = c.Int("threads"), c.Bool("tf32")
	switch {
	case o.Size < 0:
		return o, usagef("--size: got %d, want a number of pixels", o.Size)
	case o.Size > imageprep.MaxSize:
		return o, usagef("--size: got %d, want at most %d", o.Size, imageprep.MaxSize)
	case checkThreads(c) != nil:
		return o, checkThreads(c)
	case o.Session.TF32 && c.String("device") != deviceAuto:
		if device, err := ort.ParseDevice(c.String("device")); err == nil && !device.CUDA {
			return o, usagef("--tf32: got --device %s, want cuda or auto", device)
		}
	}
	if path := c.String("labels"); path != "" {
		o.Labels, err = readLabels(path)
	}
	return o, err
}

// byteOrderMark is what Windows' editors put at the start of a text in UTF-8.
const byteOrderMark = "\ufeff"

// readLabels reads the names of the classes, one a line.
func readLabels(path string) ([]string, error) {
	data, err := readFile(path, maxLabelBytes)
	if err != nil {
		return nil, err
	}
	var labels []string
	for line := range strings.Lines(strings.TrimPrefix(string(data), byteOrderMark)) {
		if line = strings.TrimSpace(line); line != "" {
			labels = append(labels, line)
		}
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("%s: no labels in it, want one a line", path)
	}
	return labels, nil
}

// builtinName is what people are told when nobody named a model.
const builtinName = "the built-in model of drawn flowers"

// readModel finds the model's bytes: --model or the environment, model.onnx in
// this folder, the built-in one. With a precision it is that file's twin.
func readModel(c *cli.Context, precision export.Precision) (name string, model []byte, err error) {
	name = cmp.Or(c.String("model"), os.Getenv(envModel))
	if precision != "" {
		return readPrecision(cmp.Or(name, "model.onnx"), precision)
	}
	if name != "" {
		model, err = readModelFile(name)
		return name, model, err
	}
	name = "model.onnx"
	model, err = readModelFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return builtinName, infer.Builtin(), nil
	}
	return name, model, err
}

// modelFailure adds what the user can do about a model that cannot be used.
func modelFailure(err error) error {
	var device *ort.DeviceError
	switch {
	case errors.As(err, &device):
		return deviceFailure(device)
	case errors.Is(err, infer.ErrNoLabels):
		return fail(err, "--labels FILE names them, one a line, in the network's order")
	case errors.Is(err, infer.ErrNoSize):
		return fail(err, "--size PIXELS says it")
	}
	return err
}

// fileError puts the file first: "x.onnx: no such file or directory".
func fileError(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", at.Path, at.Err)
	}
	return err
}

func float32s(values []float64) []float32 {
	result := make([]float32, len(values))
	for i, v := range values {
		result[i] = float32(v)
	}
	return result
}

// deviceAuto is the --device that takes a GPU where one can be used.
const deviceAuto = "auto"

// needDevice reads --device and loads the onnxruntime that it needs.
func needDevice(c *cli.Context) (ort.Device, error) {
	name := c.String("device")
	if name == deviceAuto {
		return autoDevice(c)
	}
	device, err := ort.ParseDevice(name)
	if err != nil {
		return device, failWith(exitUsage, fmt.Errorf("--device: %w", err))
	}
	if !device.CUDA {
		_, err = needRuntime(c, ort.BuildCPU)
		return device, err
	}
	return device, needCUDA(c, device)
}

// autoDevice takes the GPU where everything it needs is there, else the CPU, and
// says why.
func autoDevice(c *cli.Context) (ort.Device, error) {
	library, _ := ort.Find(ort.BuildCUDA) // what is wrong with it shows among the parts
	missing := ort.Missing(ort.CUDAParts(library))
	if len(missing) == 0 {
		device := ort.Device{CUDA: true}
		talk(c, "device: %s, since all it needs is there", device)
		return device, needCUDA(c, device)
	}
	talk(c, "device: cpu, since for CUDA there is no %s (%s)", missing[0].Name, missing[0].Problem)
	_, err := needRuntime(c, ort.BuildCPU)
	return ort.Device{}, err
}

// needCUDA loads the onnxruntime with CUDA, when all that it needs is there. It
// is not installed unasked: it is large, and useless without the rest.
func needCUDA(_ *cli.Context, device ort.Device) error {
	library, err := ort.Find(ort.BuildCUDA)
	if err != nil && !errors.Is(err, ort.ErrNotInstalled) {
		return fail(err, remedy(err, ort.BuildCUDA))
	}
	if missing := ort.Missing(ort.CUDAParts(library)); len(missing) > 0 {
		return deviceFailure(&ort.DeviceError{Device: device, Missing: missing})
	}
	_, err = loadRuntime(library)
	return err
}

// deviceFailure is exit code 4 with the commands that mend it.
func deviceFailure(err *ort.DeviceError) error {
	return failWith(exitNoDevice, err, append(ort.Remedies(err.Missing), "--device cpu needs none of it")...)
}

// closing joins an error of Close to a command's own.
func closing(err *error, close func() error) { *err = errors.Join(*err, close()) }
