package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// Initial says where a session's first weights come from, with Settings.Init.
type Initial struct {
	// Fresh are the parameters that the source has not, or has in another shape,
	// sorted: they start as in a network from nothing.
	Fresh []string
	// ByName says that the classes of the source are others, or in another order: the
	// last layer was copied class by class.
	ByName bool
	// New are the classes that the source does not know. All of them being new, the
	// last layer is among Fresh.
	New []string
	// Unnamed says that the source names no classes, and that the last layer was
	// copied as it is.
	Unnamed bool
}

// initial copies into the weights w of a network for the labels what a file or run
// has of them. It is an error when no layer's weight is in common.
func initial(spec *model.Spec, w model.Weights, labels []string, path string) (*Initial, error) {
	from, err := readWeights(path)
	if err != nil {
		return nil, err
	}
	heads := map[string]bool{}
	for _, o := range spec.Outputs {
		heads[spec.Node(o.Node).Inputs[0]] = true
	}
	in := &Initial{}
	common := false
	for _, name := range slices.Sorted(maps.Keys(w)) {
		to := w[name]
		source, ok := from.tensor(name)
		node := name[:strings.LastIndexByte(name, '.')]
		switch {
		case !ok:
			in.Fresh = append(in.Fresh, name)
			continue
		case heads[node] && len(from.labels) > 0 && !slices.Equal(from.labels, labels):
			in.ByName = true
			if in.New = copyRows(to, source, labels, from.labels); len(in.New) == len(labels) {
				in.Fresh = append(in.Fresh, name)
				continue
			}
		case !slices.Equal(source.Shape, to.Shape):
			in.Fresh = append(in.Fresh, name)
			continue
		default:
			in.Unnamed = in.Unnamed || heads[node] && len(from.labels) == 0
			copy(to.Data, source.Data)
		}
		common = common || len(to.Shape) > 1 // biases of other networks may fit by chance
	}
	if !common {
		return nil, fmt.Errorf("%s: no weights of this network in it: is it of another one?", path)
	}
	return in, nil
}

// copyRows copies the rows of the last layer whose classes have a row in the source,
// and returns the classes that have none.
func copyRows(to, from onnx.Tensor, labels, known []string) (fresh []string) {
	row := len(to.Data) / len(labels)
	if len(from.Data) != row*len(known) {
		return labels // another width
	}
	for i, label := range labels {
		k := slices.Index(known, label)
		if k < 0 {
			fresh = append(fresh, label)
			continue
		}
		copy(to.Data[i*row:(i+1)*row], from.Data[k*row:(k+1)*row])
	}
	return fresh
}

// source is a file's weights, with the names of its classes where it has them.
type source struct {
	tensor func(name string) (onnx.Tensor, bool)
	labels []string
}

// readWeights reads a checkpoint, a run's best one, or an ONNX file.
func readWeights(path string) (*source, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, train.BestFile)
	}
	if !strings.HasSuffix(path, ".onnx") {
		c, err := checkpoint.Load(path)
		if err != nil {
			return nil, err
		}
		return &source{func(name string) (onnx.Tensor, bool) {
			t, ok := c.Weights[name]
			return t, ok
		}, c.Labels}, nil
	}
	m, err := onnx.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{tensor: func(name string) (onnx.Tensor, bool) {
		init := m.Graph.Initializer(name)
		if init == nil {
			return onnx.Tensor{}, false
		}
		t, err := init.Tensor()
		return t, err == nil
	}}
	for _, meta := range m.Metadata {
		if meta.Key == "labels" && json.Unmarshal([]byte(meta.Value), &s.labels) != nil {
			s.labels = nil // another program's
		}
	}
	return s, nil
}
