package run

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// initWeights copies into w the tensors of a file or run that have the same name
// and shape. The others keep their start and are returned, sorted: usually the
// last layer, when there are other classes. It is an error when no layer's weight
// is in common.
func initWeights(w model.Weights, path string) (fresh []string, err error) {
	from, err := readWeights(path)
	if err != nil {
		return nil, err
	}
	common := false
	for name, t := range w {
		source, ok := from(name)
		if !ok || !slices.Equal(source.Shape, t.Shape) {
			fresh = append(fresh, name)
			continue
		}
		copy(t.Data, source.Data)
		common = common || len(t.Shape) > 1 // biases of other networks may fit by chance
	}
	slices.Sort(fresh)
	if !common {
		return nil, fmt.Errorf("%s: no weights of this network in it: is it of another one?", path)
	}
	return fresh, nil
}

// readWeights reads a checkpoint, a run's best one, or an ONNX file.
func readWeights(path string) (func(name string) (onnx.Tensor, bool), error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, train.BestFile)
	}
	if !strings.HasSuffix(path, ".onnx") {
		c, err := checkpoint.Load(path)
		if err != nil {
			return nil, err
		}
		return func(name string) (onnx.Tensor, bool) {
			t, ok := c.Weights[name]
			return t, ok
		}, nil
	}
	m, err := onnx.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return func(name string) (onnx.Tensor, bool) {
		init := m.Graph.Initializer(name)
		if init == nil {
			return onnx.Tensor{}, false
		}
		t, err := init.Tensor()
		return t, err == nil
	}, nil
}
