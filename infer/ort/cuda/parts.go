// Package cuda looks for what onnxruntime needs to compute on an NVIDIA GPU: the
// driver, the build of onnxruntime for CUDA, and NVIDIA's libraries; and it loads
// the latter. It does not import onnxruntime's bindings. Start at [Parts].
package cuda

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Part is something that CUDA needs on this machine.
type Part struct {
	Name    string // "NVIDIA driver", "cuDNN"
	Found   string // a path, with a version where known
	Problem string // what is wrong, in words; "" when it is there
	Mend    Mend   // what to do about the problem
	Words   string // what to do, where Mend is ByHand
	Wheel   string // the package of PyPI that has it, where Mend is InstallWheel

	library string // the library's name, where it is one of NVIDIA's
}

// Mend is what mends a part.
type Mend int

// What mends a part.
const (
	ByHand           Mend = iota
	InstallRuntime        // install onnxruntime's build with CUDA
	ReinstallRuntime      // install it again over what is there
	InstallWheel          // install NVIDIA's package of the library: see [PipInstall]
)

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

// Parts looks for everything that the CUDA build of onnxruntime needs: the
// driver with a GPU, the build itself, and NVIDIA's libraries. l is the library
// of that build, or its zero value where it is not installed.
func Parts(l install.Library) []Part {
	if runtime.GOOS != "linux" {
		platform := runtime.GOOS + "/" + runtime.GOARCH
		return []Part{{Name: "Linux", Problem: "CUDA is used on Linux only, this is " + platform}}
	}
	parts := []Part{driverPart()}
	providers := l.Providers()
	for _, path := range providers {
		if _, err := os.Stat(path); l.Path == "" || err != nil {
			return append(parts, Part{
				Name:    "onnxruntime with CUDA",
				Problem: filepath.Base(path) + " is not there",
				Mend:    InstallRuntime,
			})
		}
	}
	parts = append(parts, Part{Name: "onnxruntime with CUDA", Found: l.Path})
	for _, path := range providers {
		if err := install.CheckSharedLibrary(path); err != nil { // onnxruntime loads it unchecked
			return append(parts, Part{Name: "CUDA provider", Mend: ReinstallRuntime,
				Problem: path + ": " + err.Error()})
		}
	}
	needed, err := neededLibraries(providers[0])
	if err != nil {
		return append(parts, Part{Name: "CUDA provider", Mend: ReinstallRuntime, Problem: err.Error()})
	}
	return append(parts, libraryStates(needed, folders(l))...)
}

// Missing are the parts that have a problem.
func Missing(parts []Part) []Part {
	return slices.DeleteFunc(slices.Clone(parts), func(p Part) bool { return p.Problem == "" })
}

// PipInstall is the command that puts NVIDIA's packages where [Parts] looks.
func PipInstall(wheels ...string) string {
	return "python3 -m pip install --target " + cacheDir() + " '" + strings.Join(wheels, "' '") + "'"
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
		part := Part{Name: belongs.part + " (" + name + ")", library: name}
		if path := findLibrary(name, folders); path != "" {
			part.Found = path
		} else {
			part.Problem = "not found"
			if other := otherVersion(name, folders); other != "" {
				part.Problem = fmt.Sprintf("got %s, want %s", other, name)
			}
			part.Mend, part.Wheel = InstallWheel, belongs.wheel
		}
		parts = append(parts, part)
	}
	return parts
}
