// Package safetensors reads and writes files of float32 tensors in the format of
// that name (https://github.com/huggingface/safetensors), which libraries of many
// languages read. It never imports gorgonia or onnxruntime. Start at [Write] and
// [NewReader].
//
// # The file
//
//	8 bytes   n, little-endian: the length of the header
//	n bytes   the header: a JSON object, padded with spaces to a multiple of 8
//	the rest  the tensors' bytes, little-endian, without gaps
//
// The header maps each tensor's name to {"dtype":"F32","shape":[...],
// "data_offsets":[from,to]}, and "__metadata__" to an object of strings. The
// format has other types as well; they are refused.
package safetensors

import (
	"github.com/flowerctl/flowerctl/onnx"
)

// Tensor is a tensor with its name.
type Tensor struct {
	Name string
	onnx.Tensor
}

// MaxHeader is the longest header that is read or written, in bytes. The largest
// network of ours has 30 KB.
const MaxHeader = 64 << 20

const (
	metadataKey = "__metadata__"
	float32Type = "F32"
	chunk       = 1 << 16 // values that are converted at a time
)

// entry is a tensor in the header.
type entry struct {
	Dtype   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"` // from the end of the header
}
