package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesFromElsewhereAreRead reads what other tools write, and knows the type
// of every value in it. testdata/README.md says where the files are from.
func TestFilesFromElsewhereAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.onnx")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(path, func(t *testing.T) {
			m, err := ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			types, err := m.Types()
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range m.Graph.Nodes {
				for _, name := range n.Outputs {
					if v := types[name]; v.Kind != TensorKind && filepath.Base(path) != "recurrent_14.onnx" {
						t.Errorf("node %s (%s): nothing is known about %s", n.Name, n.Op, name)
					}
				}
			}
			out := m.Graph.Outputs[0]
			if got := types[out.Name]; !got.Ranked || len(got.Dims) != len(out.Dims) {
				t.Errorf("output %s is %s, declared as %s", out.Name, got, out)
			}
		})
	}
}

// TestValuesInEveryFieldAreTheSame: raw or typed, a tensor decodes to the same
// bytes. The two Keras files have the same weights.
func TestValuesInEveryFieldAreTheSame(t *testing.T) {
	raw, err := ReadFile("testdata/keras/new.onnx")
	if err != nil {
		t.Fatal(err)
	}
	typed, err := ReadFile("testdata/keras/latest.onnx")
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw.Graph.Initializers {
		a := &raw.Graph.Initializers[i]
		b := typed.Graph.Initializer(a.Name)
		if b == nil || a.Elem != b.Elem || !bytes.Equal(a.Raw, b.Raw) {
			t.Errorf("%s differs", a.Name)
		}
	}
}

// TestShapesArePyTorchs compares with shapes that PyTorch computed.
func TestShapesArePyTorchs(t *testing.T) {
	for file, want := range map[string]string{
		"pytorch/cnn_7": "[batch 5]", "pytorch/cnn_17": "[batch 5]",
		"keras/old": "[unk__1 5]", "keras/latest": "[unk__1 5]", "zoo/light_squeezenet": "[1 1000 1 1]",
	} {
		data, err := os.ReadFile("testdata/" + file + ".onnx")
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		m.Graph.Outputs[0].Ranked = false // nothing to copy from
		types, err := m.Types()
		if err != nil {
			t.Fatal(err)
		}
		if got := types[m.Graph.Outputs[0].Name]; shapeString(got.Dims) != want {
			t.Errorf("%s: the output is %s, want %s", file, got, want)
		}
	}
}
