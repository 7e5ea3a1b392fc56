package choose

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/doctor"
	"github.com/flowerctl/flowerctl/infer/signed"
)

// Model is the model that the flags name, with onnxruntime loaded.
type Model struct {
	*infer.File
	Options infer.Options
	flags   *Flags
	told    bool // what is assumed of the file
}

// Find is the model that the flags name, with the onnxruntime loaded that it needs.
func (m *Flags) Find(c *shell.Call) (*Model, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	path := cmp.Or(m.Model, os.Getenv(shell.EnvModel))
	var file *infer.File
	var err error
	if m.Precision != "" {
		file, err = infer.FindPrecision(path, m.Precision)
	} else {
		file, err = infer.Find(path)
	}
	if err != nil {
		return nil, remedy.Model(err, path)
	}
	return m.Choose(c, file)
}

// Choose loads the onnxruntime that a model needs, which must have been verified
// where that is asked.
func (m *Flags) Choose(c *shell.Call, file *infer.File) (_ *Model, err error) {
	limitMemory(len(file.Data))
	o := infer.Options{Uncached: m.Verified || m.Signed != ""}
	o.Session.Threads, o.Session.TF32 = m.Threads, m.TF32
	if err := m.Foreign.Apply(&o); err != nil {
		return nil, err
	}
	switch {
	case !m.Verified:
	case file.Builtin:
		_, err = verify.CheckReport(file.Name, file.Data, infer.BuiltinReport())
	default:
		_, err = verify.Require(file.Name, file.Data)
	}
	if err == nil {
		err = m.checkSigned(file)
	}
	if err != nil {
		return nil, err
	}
	if o.Session.Device, err = device.Need(c, m.Device); err != nil {
		return nil, err
	}
	if m.Device == device.Auto {
		o.Fallback = func(why error) { c.Say("device: cpu, since %v", why) }
	}
	return &Model{File: file, Options: o, flags: m}, nil
}

// checkSigned compares the model with its signature, where a key is asked for.
func (m *Flags) checkSigned(file *infer.File) error {
	if m.Signed == "" {
		return nil
	}
	if file.Builtin {
		return fmt.Errorf("%s: %w: it is part of the program, want a file", file.Name,
			signed.ErrNotSigned)
	}
	key, err := signed.ReadPublicKey(m.Signed)
	if err != nil {
		return fmt.Errorf("--require-signed: %w", err)
	}
	_, err = signed.Check(file.Name, file.Data, key)
	return err
}

// Open opens the model, for a picture at a time or for many. With --device auto that
// is on the CPU where the GPU cannot be used after all, and the next one too.
func (m *Model) Open(c *shell.Call, many bool) (*infer.Classifier, error) {
	m.Options.Many = many
	classifier, err := m.File.Open(m.Options)
	if errors.Is(err, infer.ErrOwnSize) {
		return nil, shell.Usagef("--size: got %d, but %s says itself what size it takes",
			m.flags.Size, m.Name)
	}
	var output *infer.OutputError
	if errors.As(err, &output) {
		return nil, shell.Usagef("--output: %w", err)
	}
	if err != nil {
		return nil, err
	}
	m.tellAssumed(c, classifier)
	session := &m.Options.Session
	if session.Device = classifier.Session().Device(); session.TF32 && !session.Device.CUDA {
		session.TF32 = false
		c.Say("--tf32: without effect on the CPU")
	}
	return classifier, nil
}

// Tell says which model is used.
func (m *Model) Tell(c *shell.Call) { c.Say("using %s on %s", m.Name, m.Options.Session.Device) }

func float32s(values []float64) []float32 {
	result := make([]float32, len(values))
	for i, v := range values {
		result[i] = float32(v)
	}
	return result
}

// Predicts is the model that predict takes where no flag names one.
func Predicts() doctor.Model {
	if path := os.Getenv(shell.EnvModel); path != "" {
		return doctor.Model{Path: path, From: ", from " + shell.EnvModel}
	}
	return doctor.Model{Path: "model.onnx", From: " in this folder", Optional: true}
}
