package infer

import (
	"path/filepath"

	"github.com/flowerctl/flowerctl/infer/foreign"
)

// maxBesideBytes is the size of a file beside the model that is read: the config.json of
// a network with 21,000 classes has 2 MB.
const maxBesideBytes = 8 << 20

// Beside reads files in the folder of a model, and above a folder called onnx, where
// the repositories of Hugging Face have them.
func Beside(path string) foreign.Beside {
	dir := filepath.Dir(path)
	return func(name string) ([]byte, error) {
		data, err := readRegular(filepath.Join(dir, name), maxBesideBytes)
		if err != nil && inOnnxFolder(dir) {
			return readRegular(filepath.Join(dir, "..", name), maxBesideBytes)
		}
		return data, err
	}
}

func inOnnxFolder(dir string) bool {
	full, err := filepath.Abs(dir)
	return err == nil && filepath.Base(full) == "onnx"
}
