package doctor

import (
	"errors"
	"io/fs"

	"github.com/flowerctl/flowerctl/infer"
)

// Model is the ONNX file that predict would take.
type Model struct {
	Path     string
	From     string // who named it, in words behind the path; may be ""
	Optional bool   // without it the built-in model is used
}

// Examine opens the model, where onnxruntime is usable. To have none is no fault
// before the first training.
func (m Model) Examine(usable bool) Finding {
	f := Finding{Name: "model", State: Well, Detail: m.Path + m.From}
	file, err := infer.Find(m.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && m.Optional:
		f.State, f.Reason, f.Detail = Noted, ModelMissing, "the built-in one, which knows five flowers"
		return f
	case err != nil: // which names the path
		return Finding{Name: "model", State: Failed, Reason: ModelBroken, Err: err}
	case !usable:
		f.State, f.Detail = Noted, f.Detail+": not opened, since there is no onnxruntime"
		return f
	}
	classifier, err := file.Open(infer.Options{Uncached: true})
	if bare := errors.Unwrap(err); bare != nil {
		err = bare // without the path, which stands before it
	}
	switch {
	case err == nil:
		err = classifier.Close()
	case errors.Is(err, infer.ErrNoLabels):
		f.State, f.Reason, f.Err = Noted, ModelNoLabels, err
		return f
	case errors.Is(err, infer.ErrNoSize):
		f.State, f.Reason, f.Err = Noted, ModelNoSize, err
		return f
	}
	if err != nil {
		f.State, f.Reason, f.Err = Failed, ModelBroken, err
	}
	return f
}
