package ort

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// Part is something that CUDA needs on this machine.
type Part struct {
	Name    string `json:"name"`              // "NVIDIA driver", "cuDNN"
	Found   string `json:"found,omitempty"`   // a path, with a version where known
	Problem string `json:"problem,omitempty"` // what is wrong, in words; "" when it is there
	Remedy  string `json:"remedy,omitempty"`  // a command, or what to do

	wanted string // the library's name, where it is one of NVIDIA's
	wheel  string // the package that has it, when Remedy installs one
}

// cudaVersion is the CUDA that onnxruntime's build is for.
const cudaVersion = 13

// libraryPart says what a library of NVIDIA's belongs to and which package of
// PyPI has it. The names carry no version: that is in the file's own name.
var libraryParts = []struct{ prefix, part, wheel string }{
	{"libcudart", "CUDA runtime", "nvidia-cuda-runtime==13.*"},
	{"libnvrtc", "CUDA nvrtc", "nvidia-cuda-nvrtc==13.*"},
	{"libcurand", "cuRAND", "nvidia-curand==10.*"},
	{"libcufft", "cuFFT", "nvidia-cufft==12.*"},
	{"libcublas", "cuBLAS", "nvidia-cublas==13.*"}, // libcublasLt too
	{"libcudnn", "cuDNN", "nvidia-cudnn-cu13==9.*"},
}

// CUDAParts looks for everything that the CUDA build of onnxruntime needs: the
// driver with a GPU, the build itself, and NVIDIA's libraries. l is the library
// of that build, or its zero value where it is not installed.
func CUDAParts(l Library) []Part {
	if runtime.GOOS != "linux" {
		return []Part{{Name: "Linux", Problem: "CUDA is used on Linux only, this is " + platform()}}
	}
	parts := []Part{driverPart()}
	providers := l.Providers()
	for _, path := range providers {
		if _, err := os.Stat(path); l.Path == "" || err != nil {
			return append(parts, Part{
				Name:    "onnxruntime with CUDA",
				Problem: filepath.Base(path) + " is not there",
				Remedy:  "flowerctl runtime install --cuda",
			})
		}
	}
	parts = append(parts, Part{Name: "onnxruntime with CUDA", Found: l.Path})
	for _, path := range providers {
		if err := complete(path); err != nil { // onnxruntime loads it without a look
			return append(parts, Part{Name: "CUDA provider", Problem: path + ": " + err.Error(),
				Remedy: "flowerctl runtime install --cuda --force"})
		}
	}
	needed, err := neededLibraries(providers[0])
	if err != nil {
		return append(parts, Part{Name: "CUDA provider", Problem: err.Error(), Remedy: "flowerctl runtime install --cuda --force"})
	}
	return append(parts, libraryStates(needed, cudaFolders(l))...)
}

// Missing are the parts that have a problem.
func Missing(parts []Part) []Part {
	return slices.DeleteFunc(slices.Clone(parts), func(p Part) bool { return p.Problem == "" })
}

// Remedies are what mends the parts, each once and all packages in one command.
func Remedies(parts []Part) []string {
	var remedies, wheels []string
	for _, p := range parts {
		switch {
		case p.wheel != "" && !slices.Contains(wheels, p.wheel):
			wheels = append(wheels, p.wheel)
		case p.wheel == "" && p.Remedy != "":
			remedies = append(remedies, p.Remedy)
		}
	}
	if len(wheels) > 0 {
		remedies = append(remedies, pipInstall(wheels...))
	}
	return remedies
}

// pipInstall is the command that puts NVIDIA's wheels where cudaFolders looks.
func pipInstall(wheels ...string) string {
	return "python3 -m pip install --target " + cudaCache() + " '" + strings.Join(wheels, "' '") + "'"
}

// neededLibraries are NVIDIA's libraries that a provider is linked to; the
// driver's own comes with the driver.
func neededLibraries(provider string) ([]string, error) {
	f, err := elf.Open(provider)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", provider, err)
	}
	defer f.Close()
	all, err := f.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", provider, err)
	}
	return slices.DeleteFunc(all, func(name string) bool { return partOf(name) < 0 }), nil
}

// partOf is the index in libraryParts of the library called name, or -1.
func partOf(name string) int {
	for i, p := range libraryParts {
		if strings.HasPrefix(name, p.prefix) {
			return i
		}
	}
	return -1
}

// libraryStates looks for libraries in folders; one Part for each that is needed.
func libraryStates(needed, folders []string) []Part {
	var parts []Part
	for _, name := range needed {
		belongs := libraryParts[partOf(name)]
		part := Part{Name: belongs.part + " (" + name + ")", wanted: name}
		if path := findLibrary(name, folders); path != "" {
			part.Found = path
		} else {
			part.Problem = "not found"
			if other := otherVersion(name, folders); other != "" {
				part.Problem = fmt.Sprintf("got %s, want %s", other, name)
			}
			part.wheel = belongs.wheel
			part.Remedy = pipInstall(part.wheel)
		}
		parts = append(parts, part)
	}
	return parts
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

// cudaCache is where the remedies put NVIDIA's wheels: a folder of ours, since
// many systems refuse pip their own.
func cudaCache() string {
	dir, err := CacheDir()
	if err != nil {
		return "~/.cache/flowerctl/cuda"
	}
	return filepath.Join(filepath.Dir(dir), "cuda")
}

// sitePackages is where a Python has pip's packages of NVIDIA, below its prefix.
const sitePackages = "lib/python3*/*-packages/nvidia/*/lib"

// cudaFolders are the folders where NVIDIA's libraries may be: beside
// onnxruntime, what LD_LIBRARY_PATH says, pip's packages, the toolkit, the
// system. The first one that has a library wins.
func cudaFolders(l Library) []string {
	folders := []string{filepath.Dir(l.Path)}
	folders = append(folders, filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	home, _ := os.UserHomeDir() // without one the patterns find nothing
	patterns := []string{
		filepath.Join(cudaCache(), "nvidia/*/lib"),
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
		folders = append(folders, matches...)
	}
	return slices.DeleteFunc(folders, func(dir string) bool { return !filepath.IsAbs(dir) })
}

// pythonPrefixes are the folders of the Python that the user's PATH has, as it
// is there and behind each link: python3 of a virtual environment is a link
// out of it, and a link in /usr/local/bin may lead into one.
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

// driverPart asks the driver for its GPUs.
func driverPart() Part {
	part := Part{Name: "NVIDIA driver"}
	gpus, cuda, err := driver()
	switch {
	case err != nil:
		part.Problem = err.Error()
		part.Remedy = "install NVIDIA's driver, 580 or newer"
	case len(gpus) == 0:
		part.Problem = "the driver sees no GPU"
		part.Remedy = "nvidia-smi says more; in a container, pass the GPU in (docker run --gpus all)"
	case cuda/1000 < cudaVersion:
		part.Problem = fmt.Sprintf("the driver is for CUDA %d.%d, want %d", cuda/1000, cuda%1000/10, cudaVersion)
		part.Remedy = "install NVIDIA's driver 580 or newer"
	default:
		part.Found = fmt.Sprintf("CUDA %d.%d%s: ", cuda/1000, cuda%1000/10, kernelDriver()) + strings.Join(gpus, ", ")
	}
	return part
}

var driverVersion = regexp.MustCompile(`(?m)^NVRM version:.*?  (\d+\.[\d.]+)`)

// kernelDriver is ", driver 580.65.06", where the system says so.
func kernelDriver() string {
	data, err := os.ReadFile("/proc/driver/nvidia/version")
	if err != nil {
		return ""
	}
	m := driverVersion.FindSubmatch(data)
	if m == nil {
		return ""
	}
	return ", driver " + string(m[1])
}
