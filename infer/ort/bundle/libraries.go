package bundle

import (
	"path/filepath"

	"github.com/flowerctl/flowerctl/infer/ort/cuda"
	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Libraries finds the onnxruntime of a build and what it needs, by their names in the
// folder. absent are parts of CUDA that are not on this machine, which the other one
// must have.
func Libraries(build install.Build) (libraries map[string]string, absent []cuda.Part, err error) {
	library, err := install.Find(build)
	if err != nil {
		return nil, nil, err
	}
	libraries = map[string]string{Library: library.Path}
	if build != install.BuildCUDA {
		return libraries, nil, nil
	}
	for _, path := range append(library.Providers(), cuda.Libraries(library)...) {
		libraries[filepath.Base(path)] = path
	}
	return libraries, cuda.Missing(cuda.Parts(library)), nil
}
