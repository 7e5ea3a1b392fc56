package infer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowerctl/flowerctl/infer/labels"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/textfile"
)

// DefaultFile is the model that [Find] takes where none is named.
const DefaultFile = "model.onnx"

// BuiltinName is what the built-in model is called.
const BuiltinName = "the built-in model of five flowers"

// File is an ONNX file that has been read. It is opened with [File.Open].
type File struct {
	Name    string // its path, or BuiltinName
	Data    []byte // with the weights that are in files beside it: see onnx.Inline
	Builtin bool   // it is inside the program
}

// Find reads the model at path. Without a path it is DefaultFile in the working
// directory, or else the built-in one.
func Find(path string) (*File, error) {
	if path != "" {
		return readModel(path)
	}
	f, err := readModel(DefaultFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{Name: BuiltinName, Data: Builtin(), Builtin: true}, nil
	}
	return f, err
}

// PrecisionError says that there is no file of a precision beside a model. It wraps
// fs.ErrNotExist.
type PrecisionError struct {
	Path      string // of the file that is not there
	Precision string
	Err       error
}

func (e *PrecisionError) Error() string { return e.Err.Error() }

// Unwrap is the error of reading the file.
func (e *PrecisionError) Unwrap() error { return e.Err }

// FindPrecision reads the file of a precision, fp16 or int8, that is beside the
// model at path: model-fp16.onnx beside model.onnx. For fp32 it is the model itself.
// The file's metadata must name that precision.
func FindPrecision(path, precision string) (*File, error) {
	if path == "" {
		path = DefaultFile
	}
	if precision != "fp32" {
		ending := filepath.Ext(path)
		path = strings.TrimSuffix(path, ending) + "-" + precision + ending
	}
	f, err := readModel(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &PrecisionError{Path: path, Precision: precision, Err: err}
	}
	if err != nil {
		return nil, err
	}
	m, err := onnx.Decode(f.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if got, _ := m.Property(keyPrecision); got != precision {
		return nil, fmt.Errorf("%s: got precision %q, want %s", path, got, precision)
	}
	return f, nil
}

// Open opens the model. onnxruntime must be loaded: see ort.Load. Errors name the
// file and what it lacks. The optimised graph is kept for the next time, unless
// Options.Uncached is set.
func (f *File) Open(o Options) (*Classifier, error) {
	var err error
	if !f.Builtin {
		o.beside = Beside(f.Name)
	}
	switch {
	case o.Uncached:
		o.Session.Name = ""
	case f.Builtin:
		o.Session.Name = f.Name
	default:
		if o.Session.Name, err = filepath.Abs(f.Name); err != nil {
			return nil, err
		}
	}
	c, err := New(f.Data, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return c, nil
}

func readModel(path string) (*File, error) {
	data, err := readRegular(path, onnx.MaxFileBytes)
	if err == nil {
		data, err = onnx.Inline(path, data)
	}
	if err != nil {
		return nil, err
	}
	return &File{Name: path, Data: data}, nil
}

// maxLabelBytes is the size of a file with more labels than any network has classes.
const maxLabelBytes = 4 << 20

// ReadLabels reads the names of the classes from a file, in any of the forms that
// [labels.Parse] takes.
func ReadLabels(path string) ([]string, error) {
	data, err := readRegular(path, maxLabelBytes)
	if err != nil {
		return nil, err
	}
	text, err := textfile.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	names, err := labels.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return names, nil
}

// readRegular reads a file of at most limit bytes. It must be a regular file: a
// device may have no end, and a pipe no writer.
func readRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s: a folder, want a file", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: got a device or pipe, want a regular file", path)
	case info.Size() > limit:
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", path, info.Size(), limit)
	}
	return os.ReadFile(path)
}
