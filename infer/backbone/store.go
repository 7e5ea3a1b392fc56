package backbone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowerctl/flowerctl/infer/download"
)

// EnvFolder names a folder with files of backbones, ONNX files or packages. Where it
// is set, they are taken from there and the network is not used.
const EnvFolder = "FLOWERCTL_BACKBONES"

// ErrNoCache means that the system names no folder for caches.
var ErrNoCache = errors.New("no cache folder")

// NotFetchedError is a network that is known and not there.
type NotFetchedError struct{ Name string }

func (e *NotFetchedError) Error() string {
	return fmt.Sprintf("backbone %s is not fetched yet", e.Name)
}

// DamagedError is a file that is there and is another than it must be.
type DamagedError struct{ Path, Got, Want string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s: damaged, or another file: SHA-256 %s, want %s", e.Path, e.Got, e.Want)
}

// CacheDir is the folder in which fetched networks lie.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoCache, err)
	}
	return filepath.Join(cache, "flowerctl", "backbones"), nil
}

// Open returns the entry of that name and the path of its ONNX file in the cache, or
// in the folder that [EnvFolder] names, compared with its hash. A network that is
// in neither is a [*NotFetchedError].
func Open(name string) (Entry, string, error) {
	e, err := Find(name)
	if err != nil {
		return e, "", err
	}
	dir, err := CacheDir()
	if err != nil {
		return e, "", err
	}
	path, err := e.in(dir)
	if folder := os.Getenv(EnvFolder); err != nil && folder != "" {
		if there, ferr := find(folder, e.File(), files(&e)); ferr == nil && there != "" {
			return e, there, nil
		}
	}
	return e, path, err
}

// Cached says whether the file is in the cache, or in the folder that [EnvFolder]
// names, by its size alone; path is where it is, or where the cache will have it.
func (e *Entry) Cached() (path string, ok bool) {
	dir, err := CacheDir()
	if err != nil {
		return "", false
	}
	path = filepath.Join(dir, e.File())
	if e.is(path) {
		return path, true
	}
	folder := os.Getenv(EnvFolder)
	if folder == "" {
		return path, false
	}
	list, err := os.ReadDir(folder)
	if err != nil {
		return path, false
	}
	for _, item := range list {
		there := filepath.Join(folder, item.Name())
		if (e.Verified() || item.Name() == e.File()) && e.is(there) {
			return there, true
		}
	}
	return path, false
}

// is says whether a file has the size of the entry's, where that is known.
func (e *Entry) is(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	return !e.Verified() ||
		slices.ContainsFunc(files(e), func(f sameAs) bool { return f.size == info.Size() })
}

// in is the path of the file in dir, if it is there with its hash.
func (e *Entry) in(dir string) (string, error) {
	path := filepath.Join(dir, e.File())
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return path, &NotFetchedError{e.Name}
	}
	return path, e.compare(path)
}

// compare compares the hash of the ONNX file at path, where it is known.
func (e *Entry) compare(path string) error {
	if !e.Verified() {
		return nil
	}
	got, err := download.HashFile(path)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files(e), func(f sameAs) bool { return f.sha256 == got }) {
		return &DamagedError{path, got, e.SHA256}
	}
	return nil
}

// files are the ONNX files that hold the network, its own first.
func files(e *Entry) []sameAs {
	return append([]sameAs{{e.SHA256, e.Size}}, e.others...)
}

// find looks in a folder for a file of those hashes and sizes, whatever it is called
// there; without a hash it looks for the name. The path is "" when none is there. A
// file that has the name and another hash is a [*DamagedError].
func find(folder, name string, wanted []sameAs) (string, error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	var damaged error
	for _, item := range list {
		path := filepath.Join(folder, item.Name())
		info, err := os.Stat(path) // follows links
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		named := item.Name() == name
		if wanted[0].sha256 == "" && named {
			return path, nil
		}
		if !named && !slices.ContainsFunc(wanted, func(f sameAs) bool { return f.size == info.Size() }) {
			continue
		}
		got, err := download.HashFile(path)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(wanted, func(f sameAs) bool { return f.sha256 == got }) {
			return path, nil
		}
		if named {
			damaged = &DamagedError{path, got, wanted[0].sha256}
		}
	}
	return "", damaged
}

// Identify is the entry whose file this is, by its hash.
func Identify(file []byte) (Entry, bool) {
	got := hash(file)
	for _, e := range Table() {
		if slices.ContainsFunc(files(&e), func(f sameAs) bool { return f.sha256 == got }) {
			return e, true
		}
	}
	return Entry{}, false
}
