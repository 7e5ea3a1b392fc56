package export

import (
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
)

// keyWeights is in the metadata of each exported file.
const keyWeights = "weights_sha256"

// ReadFile reads a file and the precision it was exported with, "" where it is no
// file of export.
func ReadFile(path string) (file []byte, p Precision, err error) {
	if file, err = onnx.ReadBytes(path); err != nil {
		return nil, "", err
	}
	m, err := onnx.Decode(file)
	if err == nil {
		if _, ours := m.Property(keyWeights); !ours {
			return file, "", nil
		}
		err = m.Check()
	}
	var d Metadata
	if err == nil {
		d, err = ReadMetadata(m)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return file, d.Precision, nil
}
