package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/flowerctl/flowerctl/infer/download"
)

// Version is the onnxruntime that [Run] installs.
const Version = "1.27.0"

// MinVersion is the oldest onnxruntime that can be loaded: the bindings speak its
// interface, number 24.
const MinVersion = "1.24"

// EnvLibrary is the environment variable that names a library file to use
// instead of the installed one.
const EnvLibrary = "FLOWERCTL_ONNXRUNTIME"

// Errors of Find that a caller may want to tell apart.
var (
	ErrNotInstalled = errors.New("onnxruntime is not installed") // there is none yet
	ErrNoCache      = errors.New("no cache folder for onnxruntime")
)

// Build is which onnxruntime: without or with NVIDIA's CUDA. They are installed
// side by side; a process loads one.
type Build string

// The builds.
const (
	BuildCPU  Build = "cpu"
	BuildCUDA Build = "cuda" // CUDA 13 and cuDNN 9; it runs on the CPU too
)

// Library is an onnxruntime on this machine.
type Library struct {
	Path    string            `json:"path"`
	Version string            `json:"version,omitempty"` // empty where only loading it could tell
	Build   Build             `json:"build,omitempty"`
	Source  string            `json:"source"`           // where it came from
	Files   map[string]string `json:"sha256,omitempty"` // of each file beside Path, as installed
	Sizes   map[string]int64  `json:"bytes,omitempty"`  // of the same files
}

// The providers of the CUDA build, which are beside the library and are loaded by
// it.
const (
	cudaProvider   = "libonnxruntime_providers_cuda.so"
	sharedProvider = "libonnxruntime_providers_shared.so"
)

// Providers are the paths where the library looks for what computes on a GPU,
// whether they are there or not.
func (l Library) Providers() []string {
	dir := filepath.Dir(l.Path)
	return []string{filepath.Join(dir, cudaProvider), filepath.Join(dir, sharedProvider)}
}

// Verify compares the installed files with the hashes they had when installed.
// A library that was not installed by [Run] has none, and passes.
func (l Library) Verify() error {
	for name, want := range l.Files {
		path := filepath.Join(filepath.Dir(l.Path), filepath.Base(name))
		got, err := download.HashFile(path)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s: got SHA-256 %s, want %s as installed", path, got, want)
		}
	}
	return nil
}

// CheckSizes compares the sizes of the installed files with those they had when
// installed: unlike [Library.Verify] it takes no time.
func (l Library) CheckSizes() error {
	for name, want := range l.Sizes {
		path := filepath.Join(filepath.Dir(l.Path), filepath.Base(name))
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Size() != want {
			return fmt.Errorf("%s: got %d bytes, want %d as installed", path, info.Size(), want)
		}
	}
	return nil
}

// manifest is the file beside the libraries that says what they are.
const manifest = "installed.json"

// Find is the library to load: the one that $FLOWERCTL_ONNXRUNTIME names, else
// the one in the folder lib beside the program, for folders that are carried to
// other machines, else the installed one. The error is ErrNotInstalled when there
// is none. What the variable names or the folder has is not read.
func Find(build Build) (Library, error) {
	if path := os.Getenv(EnvLibrary); path != "" {
		return Library{Path: path, Source: "$" + EnvLibrary}, nil
	}
	if program, err := os.Executable(); err == nil {
		if l, ok := carried(filepath.Join(filepath.Dir(program), "lib"), build); ok {
			return l, nil
		}
	}
	dir, err := folderOf(build)
	if err != nil {
		return Library{}, err
	}
	return readManifest(dir)
}

// carried is the library in dir, if it is of that build or does more.
func carried(dir string, build Build) (Library, bool) {
	has := func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	if !has(libraryName()) || build == BuildCUDA && !has(cudaProvider) {
		return Library{}, false
	}
	return Library{Path: filepath.Join(dir, libraryName()), Source: "beside the program"}, true
}

// readManifest is the library installed in dir, or ErrNotInstalled.
func readManifest(dir string) (Library, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifest))
	if errors.Is(err, fs.ErrNotExist) {
		return Library{}, ErrNotInstalled
	}
	if err != nil {
		return Library{}, err
	}
	var l Library
	if err := json.Unmarshal(data, &l); err != nil {
		return Library{}, fmt.Errorf("%s: damaged: %w", filepath.Join(dir, manifest), err)
	}
	if l.Files[libraryName()] == "" {
		return Library{}, ErrNotInstalled
	}
	l.Path = filepath.Join(dir, libraryName())
	for name := range l.Files {
		if _, err := os.Stat(filepath.Join(dir, filepath.Base(name))); err != nil {
			return Library{}, ErrNotInstalled
		}
	}
	return l, nil
}

// CacheDir is the folder under which libraries are installed.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoCache, err)
	}
	return filepath.Join(cache, "flowerctl", "onnxruntime"), nil
}

// folderOf is where a build is installed.
func folderOf(build Build) (string, error) {
	dir, err := CacheDir()
	if err != nil {
		return "", err
	}
	if build == BuildCUDA {
		return filepath.Join(dir, Version+"-cuda"), nil
	}
	return filepath.Join(dir, Version), nil
}

// libraryName is what the library is called on this system.
func libraryName() string {
	switch runtime.GOOS {
	case "windows":
		return "onnxruntime.dll"
	case "darwin":
		return "libonnxruntime.dylib"
	default:
		return "libonnxruntime.so"
	}
}
