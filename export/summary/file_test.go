package summary

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/onnx"
)

// TestFilesOfOtherProgramsAreDescribed: with nodes in reverse, an operator set that does
// not exist yet, metadata that are not flowerctl's, and classes in a file beside it.
func TestFilesOfOtherProgramsAreDescribed(t *testing.T) {
	m, err := colours.Model(colours.PlainNCHW)
	if err != nil {
		t.Fatal(err)
	}
	nodes := m.Graph.Nodes
	nodes[0], nodes[1] = nodes[1], nodes[0]
	m.Opsets[0].Version = onnx.MaxOpset + 1
	m.Metadata = []onnx.Property{{Key: "preprocess", Value: "resize 8"}, {Key: "training", Value: "yes"}}
	s, err := OfFile(m, func(name string) ([]byte, error) {
		if name == "config.json" {
			return []byte(`{"id2label": {"0": "r", "1": "g", "2": "b"}}`), nil
		}
		return nil, fs.ErrNotExist
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"input  pixels float32[N 3 8 8]", "output logits float32[N 3]",
		"labels of config.json (id2label): r, g, b",
		"preprocessing: 8 x 8, stretch, bilinear, RGB, pixels of 0 to 1",
		"assumed: stretch, bilinear, rgb, pixels of 0 to 1",
		"note: shapes and operations are not known: onnx: operator set version 29, want 7 to 28",
		"note: its metadata preprocess is not flowerctl's and is left out",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	m.Opsets[0].Version = onnx.MaxOpset
	if s, err = OfFile(m, nil); err != nil || len(s.Notes) != 1 || s.Nodes[0].Name != "mean" {
		t.Errorf("got %+v, %v", s, err)
	}
}
