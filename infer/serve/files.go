package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Files are where a server's models come from.
type Files struct {
	// Models are ONNX files. Each is called like its file, without .onnx, or as
	// NAME=FILE says, and is version 1.
	Models []string
	// Repository is a folder of NAME/VERSION/model.onnx, where versions are whole
	// numbers; "" means none.
	Repository string
	Policy     Policy
	// Builtin is a model that is in no file, as well; its File is nil for none.
	Builtin Builtin
	// Also are files that Open reads for every model, such as labels or keys. When one of
	// them changes, or what belongs to a model and is beside it, the model is opened again.
	Also []string
	// Open makes a model of the bytes of a file.
	Open func(path string, file []byte) (*Model, error)
}

// Builtin is the bytes of a model that is in no file. Its version is 1.
type Builtin struct {
	Name, Path string // Path is what it is called in messages
	File       []byte
}

// Policy says which versions of a repository's models are served. The zero value is
// the latest one.
type Policy struct {
	All      bool
	Specific []string // these; nil means the latest, or all
}

// ParsePolicy reads latest, all, or numbers of versions with commas between them.
func ParsePolicy(text string) (p Policy, err error) {
	switch text {
	case "latest", "":
		return p, nil
	case "all":
		return Policy{All: true}, nil
	}
	for number := range strings.SplitSeq(text, ",") {
		if !isNumber(number) {
			return p, fmt.Errorf("got %q, want latest, all, or versions as 1,3", text)
		}
		p.Specific = append(p.Specific, number)
	}
	return p, nil
}

// isNumber says whether a text is a version's number as it is written.
func isNumber(text string) bool {
	n, err := strconv.ParseUint(text, 10, 63)
	return err == nil && strconv.FormatUint(n, 10) == text
}

// choose picks the versions to serve; they are sorted.
func (p Policy) choose(numbers []string) []string {
	switch {
	case p.All || len(numbers) == 0:
		return numbers
	case p.Specific == nil:
		return numbers[len(numbers)-1:]
	}
	return slices.DeleteFunc(numbers, func(n string) bool { return !slices.Contains(p.Specific, n) })
}

// modelFile is a version's file in a repository.
const modelFile = "model.onnx"

// Loader keeps a server's models as the files are.
type Loader struct {
	server *Server
	files  Files

	mu       sync.Mutex
	loaded   map[source]fingerprint // of what is served
	unloaded map[string]bool        // names that are not to be loaded
}

// source is a version and its file.
type source struct{ name, number, path string }

// NewLoader looks for the models' files, and tells the server to expect them. It reads
// none: see [Loader.Reload].
func NewLoader(s *Server, f Files) (*Loader, error) {
	l := &Loader{server: s, files: f, loaded: map[source]fingerprint{},
		unloaded: map[string]bool{}}
	sources, err := l.scan()
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("%s: no NAME/VERSION/%s in it", f.Repository, modelFile)
	}
	for _, src := range sources {
		s.Expect(src.name)
	}
	return l, nil
}

// NameOf is what a model in a file is called.
func NameOf(path string) string {
	name := strings.TrimLeft(strings.TrimSuffix(filepath.Base(path), ".onnx"), ".")
	name = strings.Map(func(r rune) rune {
		if checkName("a"+string(r)) != nil {
			return '-'
		}
		return r
	}, name)
	return cmp.Or(name, "model")
}

// named is a model's name and its file. A file that is there with = in its name is
// meant itself.
func named(given string) (name, path string) {
	name, path, ok := strings.Cut(given, "=")
	if _, err := os.Stat(given); err == nil || !ok || checkName(name) != nil {
		return NameOf(given), given
	}
	return name, path
}

// scan lists the versions that should be served.
func (l *Loader) scan() ([]source, error) {
	var sources []source
	for _, path := range l.files.Models {
		name, path := named(path)
		src := source{name, "1", path}
		for _, other := range sources {
			if other.name == src.name {
				return nil, fmt.Errorf("%s and %s: both are called %s", other.path, path, src.name)
			}
		}
		sources = append(sources, src)
	}
	if b := l.files.Builtin; b.File != nil {
		sources = append(sources, source{b.Name, "1", b.Path})
	}
	if l.files.Repository == "" {
		return sources, nil
	}
	folders, err := os.ReadDir(l.files.Repository)
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		name := folder.Name()
		if strings.HasPrefix(name, ".") || !isFolder(filepath.Join(l.files.Repository, name)) {
			continue
		}
		for _, other := range sources {
			if other.name == name {
				return nil, fmt.Errorf("%s and %s: both are called %s", other.path,
					filepath.Join(l.files.Repository, name), name)
			}
		}
		numbers, err := l.versions(name)
		if err != nil {
			return nil, err
		}
		for _, number := range l.files.Policy.choose(numbers) {
			path := filepath.Join(l.files.Repository, name, number, modelFile)
			sources = append(sources, source{name, number, path})
		}
	}
	return sources, nil
}

// versions are the versions of a repository's model that have a file, the lowest first.
func (l *Loader) versions(name string) (numbers []string, err error) {
	entries, err := os.ReadDir(filepath.Join(l.files.Repository, name))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !isNumber(e.Name()) {
			continue
		}
		_, err := os.Stat(filepath.Join(l.files.Repository, name, e.Name(), modelFile))
		if err == nil {
			numbers = append(numbers, e.Name())
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	slices.SortFunc(numbers, compareNumbers)
	return numbers, nil
}

// isFolder follows links, as Kubernetes' volumes have them.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Reload reads the files that are new or have changed, warms their models, and only
// then serves them in place of those before. What cannot be read or does not answer
// changes nothing: its error is returned, beside those of others.
func (l *Loader) Reload(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reload(ctx, "")
}

// reload is Reload of one model, or all. The lock is held.
func (l *Loader) reload(ctx context.Context, only string) error {
	sources, err := l.scan()
	if err != nil {
		return err
	}
	var errs []error
	failed := map[string]bool{}
	for _, src := range sources {
		if only != "" && src.name != only || l.unloaded[src.name] {
			continue
		}
		if err := l.load(ctx, src); err != nil {
			errs = append(errs, err)
			failed[src.name] = true
		}
	}
	l.drop(sources, failed)
	return errors.Join(errs...)
}

// load serves a version, unless its files are as they were.
func (l *Loader) load(ctx context.Context, src source) error {
	err := l.replace(ctx, src)
	if err != nil {
		l.server.models.fail(src.name, src.number, err)
		l.server.metrics.reloads.WithLabelValues("failed").Inc()
	}
	return err
}

func (l *Loader) replace(ctx context.Context, src source) error {
	file := l.files.Builtin.File
	if src.path != l.files.Builtin.Path || file == nil {
		var err error
		if file, err = readModel(src.path); err != nil {
			return err
		}
	}
	found := l.files.fingerprint(src.path, file)
	if l.loaded[src] == found {
		return nil
	}
	m, err := l.files.Open(src.path, file)
	if err != nil {
		return err
	}
	if err := l.server.Put(ctx, src.name, src.number, m); err != nil {
		return fmt.Errorf("%s: %w", src.path, err)
	}
	l.loaded[src] = found
	l.server.metrics.reloads.WithLabelValues("done").Inc()
	return nil
}

// drop ends the versions that should not be served any more, but for those of models
// of which one could not be loaded: they are what answers.
func (l *Loader) drop(sources []source, failed map[string]bool) {
	for src := range l.loaded {
		if failed[src.name] || slices.Contains(sources, src) {
			continue
		}
		delete(l.loaded, src)
		if slices.ContainsFunc(sources, func(other source) bool { return other.name == src.name }) {
			l.server.Remove(src.name, src.number)
		} else {
			l.server.Forget(src.name)
		}
	}
}
