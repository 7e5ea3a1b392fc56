package verify

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"

	reader "github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/x/gorgonnx"
	"gorgonia.org/tensor"

	"github.com/flowerctl/flowerctl/onnx"
)

// onnxGo runs a file's network on onnx-go, the independent reader in pure Go.
// onnx-go panics on what it cannot read, in a goroutine of its own, which ends the
// process: so it runs in another process, which Command starts and which calls
// [RunOnnxGo].
type onnxGo struct {
	Command []string // program and arguments
	model   []byte
	rescale func(onnx.Tensor) onnx.Tensor
	n       int
}

// errSkipped means that an engine cannot run this network at all. It is no failure.
var errSkipped = errors.New("skipped")

// newOnnxGo takes the network out of a file, for batches of n images. It returns
// errSkipped, with the reason, if onnx-go cannot read it.
func newOnnxGo(m *onnx.Model, n int, command []string) (*onnxGo, error) {
	network, rescale, err := cut(m, n)
	if err != nil {
		return nil, err
	}
	if reason := unreadable(network); reason != "" {
		return nil, fmt.Errorf("%w: %s", errSkipped, reason)
	}
	file, err := network.Encode()
	if err != nil {
		return nil, err
	}
	return &onnxGo{Command: command, model: file, n: n,
		rescale: func(x onnx.Tensor) onnx.Tensor { return bare(x, rescale) }}, nil
}

// Forward answers for n images of the network's size, in a new process.
func (o *onnxGo) Forward(ctx context.Context, images onnx.Tensor) (onnx.Tensor, error) {
	if len(images.Shape) != 4 || images.Shape[0] != o.n {
		return onnx.Tensor{}, fmt.Errorf("images of shape %v, want %d", images.Shape, o.n)
	}
	var in, out, complaint bytes.Buffer
	writeBlob(&in, o.model)
	writeTensor(&in, o.rescale(images))
	child := exec.CommandContext(ctx, o.Command[0], o.Command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = &in, &out, &complaint
	if err := child.Run(); err != nil {
		if ctx.Err() != nil {
			return onnx.Tensor{}, ctx.Err()
		}
		first, _, _ := strings.Cut(strings.TrimSpace(complaint.String()), "\n")
		return onnx.Tensor{}, fmt.Errorf("onnx-go: %w: %.200s", err, first)
	}
	return readTensor(&out)
}

// RunOnnxGo is the other process's part: it reads a network and images from r, runs
// onnx-go and writes the logits to w. It panics where onnx-go does.
func RunOnnxGo(r io.Reader, w io.Writer) error {
	file, err := readBlob(r)
	if err != nil {
		return err
	}
	x, err := readTensor(r)
	if err != nil {
		return err
	}
	backend := gorgonnx.NewGraph()
	m := reader.NewModel(backend)
	if err := m.UnmarshalBinary(file); err != nil {
		return err
	}
	input := tensor.New(tensor.WithShape(x.Shape...), tensor.WithBacking(x.Data))
	if err := m.SetInput(0, input); err != nil {
		return err
	}
	if err := backend.Run(); err != nil {
		return err
	}
	results, err := m.GetOutputTensors()
	if err != nil {
		return err
	}
	if len(results) != 1 {
		return fmt.Errorf("onnx-go: %d outputs, want 1", len(results))
	}
	data, ok := results[0].Data().([]float32)
	if !ok {
		return fmt.Errorf("onnx-go: output of type %v, want float32", results[0].Dtype())
	}
	return writeTensor(w, onnx.Tensor{Shape: results[0].Shape(), Data: data})
}

// The two processes exchange blobs: a length of 8 bytes, little-endian, and that
// many bytes. A tensor is two blobs, its dimensions and its values.

const maxBlob = onnx.MaxFileBytes

func writeBlob(w io.Writer, b []byte) error {
	_, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(b))), b...))
	return err
}

func readBlob(r io.Reader) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > maxBlob {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

func writeTensor(w io.Writer, t onnx.Tensor) error {
	var shape, data []byte
	for _, d := range t.Shape {
		shape = binary.LittleEndian.AppendUint64(shape, uint64(d))
	}
	for _, v := range t.Data {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return errors.Join(writeBlob(w, shape), writeBlob(w, data))
}

func readTensor(r io.Reader) (onnx.Tensor, error) {
	shape, err := readBlob(r)
	if err != nil {
		return onnx.Tensor{}, err
	}
	data, err := readBlob(r)
	if err != nil {
		return onnx.Tensor{}, err
	}
	var t onnx.Tensor
	for ; len(shape) >= 8; shape = shape[8:] {
		t.Shape = append(t.Shape, int(binary.LittleEndian.Uint64(shape)))
	}
	for ; len(data) >= 4; data = data[4:] {
		t.Data = append(t.Data, math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return t, t.Validate()
}
