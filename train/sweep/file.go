package sweep

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/flowerctl/flowerctl/train/nearest"
	"github.com/flowerctl/flowerctl/train/run"
	"github.com/flowerctl/flowerctl/train/textfile"
)

// Method is how settings are chosen.
type Method string

// The methods.
const (
	Grid   Method = "grid"   // every combination of the values
	Random Method = "random" // values drawn from lists and ranges
	List   Method = "list"   // the settings that are listed
)

// Methods lists them.
func Methods() []Method { return []Method{Grid, Random, List} }

// File is what a file of a sweep says: which settings are tried. It is YAML, or JSON.
type File struct {
	Path   string
	Method Method
	Number int      // of [Random]: how many settings are drawn
	Seed   uint64   // with which; 0 is 1
	Seeds  []uint64 // each of the settings is trained with each of them; nil: with one
	Folds  int      // cross-validate each of the settings; 0: no
	// Halving is nil where every trial is trained to its end.
	Halving *Halving

	base []value   // what all trials have
	axes []axis    // of grid and random
	list [][]value // of list
}

// FileError says what is wrong in a file of a sweep.
type FileError struct {
	Path   string
	Line   int // 0: none in particular
	Err    error
	Remedy string // may be empty
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s: line %d: %v", e.Path, e.Line, e.Err)
}

// Unwrap is what is wrong.
func (e *FileError) Unwrap() error { return e.Err }

// Hint is the remedy.
func (e *FileError) Hint() string { return e.Remedy }

// wrong is an error at a node.
func wrong(n *yaml.Node, format string, args ...any) error {
	return &FileError{Line: n.Line, Err: fmt.Errorf(format, args...)}
}

// wrongKey is the error of a name that is not known.
func wrongKey(n *yaml.Node, what string, known []string) error {
	e := &FileError{Line: n.Line, Err: fmt.Errorf("%s has no %q", what, n.Value)}
	e.Remedy = "known are " + strings.Join(known, ", ")
	if name := nearestTo(n.Value, known); name != "" {
		e.Remedy = "did you mean " + name + "?"
	}
	return e
}

// maxFile is the most bytes of a file.
const maxFile = 1 << 20

// ReadFile reads the file of a sweep. What is wrong in it is a [*FileError].
func ReadFile(path string) (*File, error) {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &FileError{Path: path, Err: errors.New("no such file")}
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if info, err := in.Stat(); err == nil && info.IsDir() {
		return nil, &FileError{Path: path, Err: errors.New("is a folder, want the file of a sweep")}
	}
	bytes, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, err
	}
	f, err := parse(bytes)
	var at *FileError
	if errors.As(err, &at) {
		at.Path = path
		return nil, at
	}
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	f.Path = path
	return f, nil
}

// Relative are the folder of images and the list of labels that all trials have, where their
// names are from the working directory: data photos/.
func (f *File) Relative() (list []string) {
	for i := range f.base {
		key, name := f.base[i].field.Key, f.base[i].text()
		if (key == "data" || key == "labels_file") && name != "" && !filepath.IsAbs(name) &&
			!strings.Contains(name, "://") {
			list = append(list, key+" "+name)
		}
	}
	return list
}

// keys of the file, in the order of the documentation.
var keys = []string{"method", "base", "settings", "trials", "seed", "seeds", "folds", "halving"}

// parse reads a file's bytes.
func parse(bytes []byte) (*File, error) {
	if len(bytes) > maxFile {
		return nil, fmt.Errorf("got more than %d bytes, want a file of a sweep", maxFile)
	}
	text, err := textfile.Decode(bytes)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		return nil, errors.New("empty")
	}
	top, err := pairs(document.Content[0], "the file")
	if err != nil {
		return nil, err
	}
	f := &File{Seed: 1}
	var settings *yaml.Node
	for _, p := range top {
		switch p.key.Value {
		case "method":
			err = f.method(p.value)
		case "base":
			f.base, err = values(p.value)
		case "settings":
			settings = p.value
		case "trials":
			err = number(p, &f.Number)
		case "seed":
			err = number(p, &f.Seed)
		case "seeds":
			err = number(p, &f.Seeds)
		case "folds":
			err = number(p, &f.Folds)
		case "halving":
			f.Halving, err = halving(p.value)
		default:
			err = wrongKey(p.key, "the file of a sweep", keys)
		}
		if err != nil {
			return nil, err
		}
	}
	if settings == nil {
		return nil, errors.New("no settings: which are tried")
	}
	if err := f.read(settings); err != nil {
		return nil, err
	}
	return f, f.check(settings)
}

func (f *File) method(n *yaml.Node) error {
	f.Method = Method(n.Value)
	if n.Kind != yaml.ScalarNode || !slices.Contains(Methods(), f.Method) {
		return wrong(n, "method: got %q, want one of %v", n.Value, Methods())
	}
	return nil
}

// read reads what is tried.
func (f *File) read(n *yaml.Node) (err error) {
	switch n = direct(n); {
	case f.Method == "":
		return fmt.Errorf("no method, want one of %v", Methods())
	case f.Method != List:
		f.axes, err = axes(n, f.Method)
		return err
	case n.Kind != yaml.SequenceNode || len(n.Content) == 0:
		return wrong(n, "settings: method list wants a list of them, as in - {lr: 0.01}")
	}
	for _, one := range n.Content {
		v, err := values(one)
		if err != nil {
			return err
		}
		f.list = append(f.list, v)
	}
	return nil
}

// check looks at what does not go together.
func (f *File) check(settings *yaml.Node) error {
	tried := map[string]bool{}
	for _, a := range f.axes {
		tried[a.field.Name] = true
	}
	for _, one := range f.list {
		for _, v := range one {
			tried[v.field.Name] = true
		}
	}
	given := map[string]bool{}
	for _, v := range f.base {
		if given[v.field.Name] = true; tried[v.field.Name] {
			return wrong(settings, "%s is in base and in settings", v.field.Key)
		}
	}
	has := func(name string) bool { return tried[name] || given[name] }
	switch {
	case f.Method == Random && f.Number < 1:
		return errors.New("method random wants trials: how many settings are drawn")
	case f.Method != Random && f.Number != 0:
		return fmt.Errorf("trials: method %s has as many as there are settings", f.Method)
	case len(f.Seeds) > 0 && has("seed"):
		return errors.New("seed and seeds: want one of them")
	case has("folds") || has("fold"):
		return errors.New("folds is a key of the file, not one of the settings")
	case f.Folds < 0 || f.Folds == 1:
		return fmt.Errorf("folds: got %d, want 2 or more", f.Folds)
	case f.Folds > 0 && has("test"):
		return errors.New("folds and test: want one of them: each fold is the last test of a trial")
	case f.Halving != nil && has("epochs"):
		return errors.New("epochs and halving: halving says how many epochs there are")
	}
	return different("seeds", f.Seeds)
}

// different refuses a list that has something twice.
func different[T comparable](what string, list []T) error {
	seen := map[T]bool{}
	for _, v := range list {
		if seen[v] {
			return fmt.Errorf("%s: %v is there twice", what, v)
		}
		seen[v] = true
	}
	return nil
}

// nearestTo is the known name that was meant most likely, "" where none is near.
func nearestTo(name string, known []string) string {
	if other := otherNames[name]; slices.Contains(known, other) {
		return other
	}
	for _, k := range known {
		if strings.EqualFold(strings.ReplaceAll(name, "-", "_"), k) {
			return k
		}
	}
	return nearest.Word(name, known)
}

// otherNames are what other programs call settings.
var otherNames = map[string]string{
	"learning_rate": "lr", "learningrate": "lr", "lr0": "lr", "batch_size": "batch",
	"batchsize": "batch", "model": "arch", "network": "arch", "opt": "optimizer", "imgsz": "size",
	"image_size": "size", "dataset": "data", "data_dir": "data", "num_epochs": "epochs",
	"wd": "weight_decay", "smoothing": "label_smoothing", "parameters": "settings", "search": "method",
}

// fieldOf finds a setting by its key in config.json or by the name of its flag.
func fieldOf(n *yaml.Node) (run.Field, error) {
	var known []string
	for _, f := range run.Fields() {
		if n.Value == f.Key || n.Value == f.Name {
			return f, nil
		}
		known = append(known, f.Key)
	}
	return run.Field{}, wrongKey(n, "a training", known)
}
