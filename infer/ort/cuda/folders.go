package cuda

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// cacheDir is where [PipInstall] puts NVIDIA's packages: a folder of flowerctl's,
// since many systems do not let pip write into their own.
func cacheDir() string {
	dir, err := install.CacheDir()
	if err != nil {
		return "~/.cache/flowerctl/cuda"
	}
	return filepath.Join(filepath.Dir(dir), "cuda")
}

// sitePackages is where a Python has pip's packages of NVIDIA, below its prefix.
const sitePackages = "lib/python3*/*-packages/nvidia/*/lib"

// folders are the folders where NVIDIA's libraries may be: beside
// onnxruntime, what LD_LIBRARY_PATH says, pip's packages, the toolkit, the
// system. The first one that has a library wins.
func folders(l install.Library) []string {
	dirs := []string{filepath.Dir(l.Path)}
	dirs = append(dirs, filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	home, _ := os.UserHomeDir() // without one the patterns find nothing
	patterns := []string{
		filepath.Join(cacheDir(), "nvidia/*/lib"),
		filepath.Join(os.Getenv("VIRTUAL_ENV"), sitePackages),
		filepath.Join(os.Getenv("CONDA_PREFIX"), "lib"),
		filepath.Join(os.Getenv("CONDA_PREFIX"), sitePackages),
	}
	for _, prefix := range pythonPrefixes() {
		patterns = append(patterns, filepath.Join(prefix, sitePackages))
	}
	for _, pattern := range append(patterns,
		filepath.Join(home, ".local", sitePackages),
		filepath.Join("/usr/local", sitePackages),
		"/usr/lib/python3/dist-packages/nvidia/*/lib",
		fmt.Sprintf("/usr/local/cuda-%d*/lib64", cudaVersion),
		"/usr/local/cuda/lib64",
		"/usr/local/cuda/targets/*/lib",
		"/opt/cuda/lib64",
		"/usr/lib/x86_64-linux-gnu",
		"/usr/lib64",
	) {
		matches, _ := filepath.Glob(pattern) // the patterns are well-formed
		dirs = append(dirs, matches...)
	}
	return slices.DeleteFunc(dirs, func(dir string) bool { return !filepath.IsAbs(dir) })
}

// pythonPrefixes are the folders of the Python that the user's PATH has: of python3
// itself, and of each file that it is a link to. In a virtual environment it is a
// link out of it, and a link in /usr/local/bin may lead into one.
func pythonPrefixes() []string {
	path, err := exec.LookPath("python3")
	if err != nil {
		return nil
	}
	var prefixes []string
	for range 8 { // links may go round
		if path, err = filepath.Abs(path); err != nil {
			break
		}
		prefixes = append(prefixes, filepath.Dir(filepath.Dir(path)))
		to, err := os.Readlink(path)
		if err != nil {
			break // no link
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return prefixes
}

func findLibrary(name string, folders []string) string {
	for _, dir := range folders {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// otherVersion finds libcudnn.so.8 where libcudnn.so.9 is wanted.
func otherVersion(name string, folders []string) string {
	stem, _, _ := strings.Cut(name, ".so.")
	for _, dir := range folders {
		matches, _ := filepath.Glob(filepath.Join(dir, stem+".so.*")) // the pattern is well-formed
		if len(matches) > 0 {
			return filepath.Base(matches[0])
		}
	}
	return ""
}
