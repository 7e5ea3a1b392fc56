package onnx

import (
	"errors"
	"fmt"
)

// Values of tensors may be in other files, which the file names by paths relative to
// its own folder: "external data", as torch.onnx.export writes it. All readers of this
// module get them through [Inline], from that folder and nowhere else.

// ExternalError says why values that are in another file are not read.
type ExternalError struct {
	Path     string // of the ONNX file
	Tensor   string // whose values they are
	Location string // of the other file, as the ONNX file has it
	Err      error
}

func (e *ExternalError) Error() string {
	return fmt.Sprintf("%s: tensor %q, whose values are in the file %q: %v",
		e.Path, e.Tensor, e.Location, e.Err)
}

// Unwrap is the reason.
func (e *ExternalError) Unwrap() error { return e.Err }

// Hint is what helps.
func (e *ExternalError) Hint() string {
	return "keep the files together as they were saved: the weights are read from the folder of " +
		"the ONNX file, where they must be a file, no link to elsewhere"
}

// ErrTooLargeForOne means that a model with all of its values is larger than one file
// can be.
var ErrTooLargeForOne = errors.New("too large for one file")

// Inline returns the file at path, whose bytes are given, with the values that are in
// other files put into it. A file that names no others is returned as it is, and so is
// what is no ONNX file.
//
// The other files must be regular ones in the folder of the file, or below it. Links
// are followed within that folder; where path is a link, it is the folder of the file
// that the link leads to. Absolute paths, "..", and files with several hard links are
// refused. Types, shapes, ranges and the sum of sizes are checked before memory is
// allocated. Errors are of type [ExternalError], or wrap [ErrTooLargeForOne].
func Inline(path string, file []byte) ([]byte, error) {
	in := &inliner{path: path}
	whole, changed, err := in.message(file, modelMessage, 0)
	if err == nil && !changed {
		return file, nil
	}
	var damaged *wireFault
	if errors.As(err, &damaged) {
		return file, nil
	}
	if err != nil {
		return nil, err
	}
	folder, err := openFolder(path)
	if err != nil {
		return nil, err
	}
	defer folder.close()
	if err := in.check(folder, whole.size, int64(len(file))); err != nil {
		return nil, err
	}
	return in.fill(folder, whole)
}

// HasExternal reports whether values of the file are in other files. The error says
// that it is no ONNX file.
func HasExternal(file []byte) (bool, error) {
	in := &inliner{}
	_, changed, err := in.message(file, modelMessage, 0)
	var elsewhere *ExternalError
	if errors.As(err, &elsewhere) {
		return true, nil
	}
	return changed, err
}

// wireFault is an error in the form of the file, not in what it says.
type wireFault struct{ error }

func (w *wireFault) Unwrap() error { return w.error }

// inliner finds the tensors whose values are elsewhere.
type inliner struct {
	path    string
	tensors []outside
}

// outside is where the values of a tensor are.
type outside struct {
	tensor, location string
	offset, size     int64 // bytes
}

func (in *inliner) fail(o outside, format string, args ...any) error {
	return &ExternalError{in.path, o.tensor, o.location, fmt.Errorf(format, args...)}
}

// repeats is how often, on average, the bytes of the other files may be used: networks
// whose layers share weights use some of them twice. Without a limit a file of a
// megabyte could fill the memory.
const repeats = 4

// check compares the ranges with the files, and the sizes with what a file may have.
func (in *inliner) check(folder *folder, whole, file int64) error {
	sizes := map[string]int64{}
	have, want := file, int64(0)
	for _, o := range in.tensors {
		size, seen := sizes[o.location]
		if !seen {
			f, err := folder.open(o.location)
			if err != nil {
				return in.fail(o, "%w", err)
			}
			size = f.size
			sizes[o.location] = size
			have += size
		}
		if o.offset > size || o.size > size-o.offset {
			return in.fail(o, "it has %d bytes, want %d from byte %d on", size, o.size, o.offset)
		}
		want += o.size
	}
	if whole > MaxFileBytes {
		return fmt.Errorf("%s: %w: it has %d bytes with its weights, protobuf's limit is %d",
			in.path, ErrTooLargeForOne, whole, MaxFileBytes)
	}
	if want > repeats*have {
		return fmt.Errorf("%s: its tensors name %d bytes of files that have %d together: "+
			"want at most %d times as many", in.path, want, have, repeats)
	}
	return nil
}

// fill makes the file.
func (in *inliner) fill(folder *folder, whole rope) ([]byte, error) {
	out := make([]byte, whole.size)
	at := out
	for _, p := range whole.pieces {
		if p.outside < 0 {
			at = at[copy(at, p.data):]
			continue
		}
		o := in.tensors[p.outside]
		f, err := folder.open(o.location)
		if err == nil {
			_, err = f.ReadAt(at[:o.size], o.offset)
		}
		if err != nil && o.size > 0 {
			return nil, in.fail(o, "%w", err)
		}
		at = at[o.size:]
	}
	return out, nil
}
