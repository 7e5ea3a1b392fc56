package serve

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/signed"
	"github.com/flowerctl/flowerctl/onnx"
)

// readModel reads an ONNX file, which must be a regular one: a device may have no end,
// and a pipe nobody who writes into it. Weights in files beside it are put into it.
func readModel(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: want a regular file", path)
	case info.Size() > onnx.MaxFileBytes:
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", path, info.Size(), onnx.MaxFileBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return onnx.Inline(path, data)
}

// fingerprint is a hash of all that a model is made of.
type fingerprint [sha256.Size]byte

// fingerprint covers the bytes of a model, its signature, what may be signed with it, and
// the files that Open reads for every model. Whether one that is missing or cannot be
// read is an error is for Open to say.
func (f *Files) fingerprint(path string, file []byte) (sum fingerprint) {
	hash := sha256.New()
	add := func(name string, data []byte, err error) {
		fmt.Fprintf(hash, "%q %v %x\n", name, err == nil, sha256.Sum256(data))
	}
	add("", file, nil)
	if f.Builtin.File == nil || path != f.Builtin.Path {
		beside := infer.Beside(path)
		for _, name := range append(signed.Names(path), filepath.Base(signed.Path(path))) {
			data, err := beside(name)
			add(name, data, err)
		}
	}
	for _, name := range f.Also {
		data, err := infer.Beside(name)(filepath.Base(name))
		add(name, data, err)
	}
	hash.Sum(sum[:0])
	return sum
}
