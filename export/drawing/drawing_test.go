package drawing

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// inception is two branched blocks, one with a long way around.
func inception() []Box {
	return []Box{
		{Name: "input", Op: "input", Shape: "3 x 224 x 224"},
		{Name: "stem", Op: "conv", Inputs: []string{"input"}},
		{Name: "a", Op: "conv", Inputs: []string{"stem"}},
		{Name: "b1", Op: "conv", Inputs: []string{"stem"}}, {Name: "b2", Op: "conv", Inputs: []string{"b1"}},
		{Name: "c1", Op: "maxpool", Inputs: []string{"stem"}}, {Name: "c2", Op: "conv", Inputs: []string{"c1"}},
		{Name: "joined", Op: "concat", Inputs: []string{"a", "b2", "c2"}},
		{Name: "sum", Op: "add", Inputs: []string{"joined", "input"}},
		{Name: `<&"'>`, Op: "softmax", Inputs: []string{"sum"}},
	}
}

func TestBoxesDoNotOverlapAndStandInOrder(t *testing.T) {
	p, err := arrange(inception())
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range p.layers {
		for i := 1; i < len(layer); i++ {
			a, b := layer[i-1], layer[i]
			if b.x-b.width()/2 < a.x+a.width()/2 {
				t.Errorf("layer %d: places %d and %d overlap", a.layer, i-1, i)
			}
		}
		for _, at := range layer {
			if at.x-at.width()/2 < 0 || at.x+at.width()/2 > p.width {
				t.Errorf("a place of layer %d is outside the picture", at.layer)
			}
		}
	}
	for _, e := range p.edges {
		for i := 1; i < len(e.path); i++ {
			if e.path[i].layer != e.path[i-1].layer+1 {
				t.Error("an arrow does not go down layer by layer")
			}
		}
	}
}

func TestTheDrawingIsXML(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, "a <network>", inception()); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(b.String()))
	rects := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			rects++
		}
	}
	if rects != 1+len(inception()) {
		t.Errorf("%d rectangles, want the ground and %d boxes", rects, len(inception()))
	}
}

func TestBoxesThatDoNotConnectAreRefused(t *testing.T) {
	for _, boxes := range [][]Box{
		{{Name: "a", Inputs: []string{"b"}}},
		{{Name: "a"}, {Name: "a"}},
	} {
		if err := Write(io.Discard, "", boxes); err == nil {
			t.Errorf("%v: no error", boxes)
		}
	}
}
