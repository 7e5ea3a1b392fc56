package drawing

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/train/model"
)

// inception is two branched blocks, one with a long way around.
func inception() []Node {
	return []Node{
		{Name: "input", Op: "input", Shape: "3 x 224 x 224"},
		{Name: "stem", Op: "conv", Inputs: []string{"input"}},
		{Name: "a", Op: "conv", Inputs: []string{"stem"}},
		{Name: "b1", Op: "conv", Inputs: []string{"stem"}}, {Name: "b2", Op: "conv", Inputs: []string{"b1"}},
		{Name: "c1", Op: "maxpool", Inputs: []string{"stem"}}, {Name: "c2", Op: "conv", Inputs: []string{"c1"}},
		{Name: "joined", Op: "concat", Inputs: []string{"a", "b2", "c2"}},
		{Name: "sum", Op: "add", Inputs: []string{"joined", "input"}},
		{Name: `<&"'>`, Op: "dense", Inputs: []string{"sum"}},
	}
}

func TestBoxesDoNotOverlapAndStandInOrder(t *testing.T) {
	p, err := arrange(boxesOf(inception()))
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

func TestTheDrawingNamesEveryBox(t *testing.T) {
	p, err := Network("a <network>", inception())
	if err != nil {
		t.Fatal(err)
	}
	svg, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a &lt;network&gt;", "3 x 224 x 224", "&lt;&amp;", "joined", "conv"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("%s is not in the drawing", want)
		}
	}
}

func TestWhatFollowsStandsInTheBoxOfWhatItAloneReads(t *testing.T) {
	boxes := boxesOf([]Node{
		{Name: "input", Op: "input"},
		{Name: "block1_conv1", Op: "conv", Inputs: []string{"input"}, Shape: "4 x 9 x 9", Parameters: 10},
		{Name: "block1_batchnorm1", Op: "batchnorm", Inputs: []string{"block1_conv1"}, Shape: "4 x 9 x 9", Parameters: 8},
		{Name: "block1_relu1", Op: "relu", Inputs: []string{"block1_batchnorm1"}, Shape: "4 x 9 x 9"},
		{Name: "pool/sum", Op: "ReduceSum", Inputs: []string{"block1_relu1"}, Part: "pool"},
		{Name: "pool", Op: "Div", Inputs: []string{"pool/sum"}, Shape: "4", Part: "pool"},
		{Name: "relu2", Op: "relu", Inputs: []string{"block1_relu1"}}, // pool reads it too
		{Name: "first", Op: "relu", Inputs: []string{"input"}},
	})
	var names []string
	for _, b := range boxes {
		names = append(names, b.name)
	}
	if want := []string{"input", "block1_conv1", "pool", "relu2", "first"}; !slices.Equal(names, want) {
		t.Fatalf("got boxes %v, want %v", names, want)
	}
	lines := boxes[1].lines()
	if want := []string{"block1_conv1", "conv", "+ batchnorm1, relu1", "4 x 9 x 9; 18 params"}; !slices.Equal(lines, want) {
		t.Errorf("got lines %q, want %q", lines, want)
	}
	if !slices.Equal(boxes[2].inputs, []string{"block1_conv1"}) || boxes[2].shape != "4" {
		t.Errorf("got %+v, want one box for the steps of pool", boxes[2])
	}
}

func TestNodesOfOneNameAreRefused(t *testing.T) {
	if _, err := Network("", []Node{{Name: "a", Op: "conv"}, {Name: "a", Op: "conv"}}); err == nil ||
		!strings.Contains(err.Error(), "two boxes are called a") {
		t.Errorf("got %v", err)
	}
}

// TestEveryOpHasALook: an op that is listed nowhere would be drawn grey, in a box
// of its own, whatever it does.
func TestEveryOpHasALook(t *testing.T) {
	grey := []model.Op{model.Rescale, model.Flatten}
	for _, op := range model.Ops() {
		if _, ok := fills[string(op)]; !ok && !follows[string(op)] && !slices.Contains(grey, op) {
			t.Errorf("op %s: drawing: it is not in fills, nor in follows, nor grey on purpose", op)
		}
	}
}
