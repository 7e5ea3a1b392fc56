package onnx

import (
	"bytes"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// NotModelError says what a file is that is no ONNX file, where its first bytes tell.
type NotModelError struct {
	What   string // "a git-lfs pointer to 44730142 bytes"
	Remedy string // what makes an ONNX file of it
}

func (e *NotModelError) Error() string { return "not an ONNX file: " + e.What }

// Hint is what helps.
func (e *NotModelError) Hint() string { return e.Remedy }

// otherFiles are kinds of files that are taken for ONNX files, by their first bytes
// behind an offset.
var otherFiles = []struct {
	at           int
	magic        string
	what, remedy string
}{
	{0, "\x1f\x8b", "compressed with gzip", "gunzip unpacks it"},
	{0, "BZh", "compressed with bzip2", "bunzip2 unpacks it"},
	{0, "\xfd7zXZ\x00", "compressed with xz", "unxz unpacks it"},
	{0, "\x28\xb5\x2f\xfd", "compressed with zstd", "unzstd unpacks it"},
	{0, "PK\x03\x04", "a zip archive, as PyTorch's .pt and Keras' .keras files are",
		"unpack it, or export the network: torch.onnx.export, model.export(format=\"onnx\")"},
	{0, "\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras' .h5 files are",
		"export the network from Keras: model.export(\"model.onnx\", format=\"onnx\")"},
	{0, "\x80\x02", "a pickle of Python, as old PyTorch files are",
		"export the network from PyTorch: torch.onnx.export"},
	{0, "\x80\x04", "a pickle of Python, as scikit-learn's files are",
		"export the network: skl2onnx.to_onnx, torch.onnx.export"},
	{4, "TFL3", "a TensorFlow Lite file", "python -m tf2onnx.convert --tflite converts it"},
	{4, "ORTM", "a file in onnxruntime's own format (.ort)",
		"take the .onnx file that it was made of"},
	{0, "<?xml", "an XML file, as OpenVINO's are", "take the .onnx file that it was made of"},
	{0, "<!DOCTYPE", webPage, fileItself}, {0, "<!doctype", webPage, fileItself},
	{0, "<html", webPage, fileItself},
	{8, "{\"", "a safetensors file: weights without a network",
		"export the network to ONNX with the program that trained it"},
	{0, "{", "a JSON file", "take the .onnx file beside it"},
}

const (
	webPage    = "a page of the web"
	fileItself = "download the file itself: its address has raw or resolve in place of blob"
)

// lfsPointer is the beginning of the text that git has in place of a large file.
const lfsPointer = "version https://git-lfs.github.com/spec/"

// recognized is how many bytes Recognize looks at.
const recognized = 512

// Recognize is a [*NotModelError] where the first bytes of a file are those of a file
// that people take for an ONNX file: a git-lfs pointer, an archive, the file of another
// framework. Else it is nil.
func Recognize(head []byte) error {
	head = head[:min(len(head), recognized)]
	if text, ok := strings.CutPrefix(string(head), lfsPointer); ok {
		what := "a git-lfs pointer"
		if _, size, ok := strings.Cut(text, "\nsize "); ok {
			size, _, _ = strings.Cut(size, "\n")
			what += fmt.Sprintf(" to %.20q bytes", size)
			what = strings.ReplaceAll(what, `"`, "")
		}
		return &NotModelError{what + ", which stands for the file",
			"git lfs pull, in the repository that it is from, brings the file itself"}
	}
	text := bytes.TrimLeft(head, " \t\r\n\ufeff")
	for _, f := range otherFiles {
		from := head
		if f.magic[0] == '<' {
			from = text
		}
		if len(from) >= f.at && bytes.HasPrefix(from[f.at:], []byte(f.magic)) {
			return &NotModelError{f.what, f.remedy}
		}
	}
	return nil
}

// CutOff is a [*NotModelError] for an ONNX file that ends in the middle of its graph, as
// downloads do that were stopped; else it is nil.
func CutOff(file []byte) error {
	const irVersion, graph, producers = 1, 7, 6
	for rest, first := file, true; len(rest) > 0; first = false {
		id, typ, n := protowire.ConsumeTag(rest)
		if n < 0 || first && (id != irVersion || typ != protowire.VarintType) {
			return nil
		}
		rest = rest[n:]
		if id == graph && typ == protowire.BytesType {
			size, n := protowire.ConsumeVarint(rest)
			if n < 0 || size <= uint64(len(rest)-n) {
				return nil
			}
			return &NotModelError{fmt.Sprintf("cut off: its graph has %d bytes, and %d are there", size,
				len(rest)-n), "copy or download the file again"}
		}
		if id > producers {
			return nil
		}
		if n = protowire.ConsumeFieldValue(id, typ, rest); n < 0 {
			return nil
		}
		rest = rest[n:]
	}
	return nil
}
