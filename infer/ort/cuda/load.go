package cuda

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/ort/install"
)

// Libraries are the paths of NVIDIA's libraries that the CUDA build would
// use, as far as they are found: those it is linked to, and the parts of cuDNN
// that cuDNN loads by name later.
func Libraries(l install.Library) []string { return librariesOf(Parts(l)) }

func librariesOf(parts []Part) []string {
	var paths []string
	for _, p := range parts {
		if p.library == "" || p.Problem != "" {
			continue
		}
		paths = append(paths, p.Found)
		if strings.HasPrefix(p.library, "libcudnn.so.") {
			pattern := strings.Replace(p.Found, "libcudnn.so.", "libcudnn_*.so.", 1)
			more, _ := filepath.Glob(pattern) // which is well-formed
			paths = append(paths, more...)
		}
	}
	return paths
}

// Preload loads the libraries that were found, so that onnxruntime finds them where
// the system would not look. They need one another: one that fails is tried again
// after the others.
func Preload(parts []Part) error {
	pending := librariesOf(parts)
	for len(pending) > 0 {
		var last error
		before := len(pending)
		pending = slices.DeleteFunc(pending, func(path string) bool {
			err := preload(path)
			if err != nil {
				last = err
			}
			return err == nil
		})
		if len(pending) == before {
			return last
		}
	}
	return nil
}
