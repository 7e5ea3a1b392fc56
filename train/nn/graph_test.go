package nn

import (
	"errors"
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/flowerctl/flowerctl/train/nn/kernel"
	"github.com/flowerctl/flowerctl/train/nn/kernel/generic"
)

// TestEqualHashesAreSeen: gorgonia takes nodes of one 32-bit hash for one node.
// A graph with two such parameters is refused, and built with other names.
func TestEqualHashesAreSeen(t *testing.T) {
	a, b := collision(t)
	build := func(salt int) error {
		g := newGraph(generic.New[float32](1), &workspace[float32]{}, mode{})
		g.salt = salt
		x, y := g.Param(a, []float32{1}, false, 1), g.Param(b, []float32{2}, false, 1)
		if _, err := newAdd(g, "sum", x, y); err != nil {
			return err
		}
		return g.Seal()
	}
	if err := build(0); !errors.Is(err, errHash) {
		t.Errorf("a graph of %s and %s: %v, want %v", a, b, err, errHash)
	}
	if err := build(1); err != nil {
		t.Errorf("with other names: %v", err)
	}
}

// collision finds two names of parameters with one hash, by the birthday
// paradox within some 80,000.
func collision(t *testing.T) (a, b string) {
	t.Helper()
	seen := map[uint32]string{}
	for i := range 1000 {
		g := G.NewGraph()
		for j := range 1000 {
			name := fmt.Sprintf("p%d.%d", i, j)
			h := G.NewTensor(g, G.Float32, 1, G.WithShape(1), G.WithName(name)).Hashcode()
			if other, ok := seen[h]; ok {
				return other, name
			}
			seen[h] = name
		}
	}
	t.Fatal("no two of a million names have one hash")
	return "", ""
}

func TestDifferentiateWantsAScalar(t *testing.T) {
	g := newGraph(generic.New[float32](1), &workspace[float32]{}, mode{Train: true})
	x := g.Param("x", make([]float32, 6), true, 2, 3)
	stray := g.Param("stray", make([]float32, 6), true, 2, 3)
	y, err := newSoftmax(g, "y", x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Differentiate(y, x); err == nil {
		t.Error("differentiated a matrix")
	}
	weights := g.Param("weights", []float32{1, 1}, false, 2)
	targets := g.Param("t", make([]float32, 6), false, 2, 3)
	loss, err := newSquaredErrorLoss(g, "loss", y, targets, weights, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Differentiate(loss, stray); err == nil {
		t.Error("found a gradient of a parameter that the loss does not depend on")
	}
}

// TestOpsRefuseOtherShapes: an op is prepared for the shapes it was made with.
func TestOpsRefuseOtherShapes(t *testing.T) {
	g := newGraph(generic.New[float32](1), &workspace[float32]{}, mode{})
	param := func(name string, shape ...int) *G.Node {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return g.Param(name, make([]float32, n), false, shape...)
	}
	image, vector := param("image", 2, 5, 4, 3), param("vector", 2, 3)
	for name, err := range map[string]error{
		"conv":     second(newConv(g, "conv", vector, param("w", 4, 3, 3, 3), nil, convConfig{})),
		"dense":    second(newDense(g, "dense", image, param("v", 4, 3), nil, denseConfig{})),
		"maxpool":  second(newMaxPool(g, "maxpool", vector, maxPoolConfig{})),
		"avgpool":  second(newAvgPool(g, "avgpool", vector, kernel.Window{})),
		"gap":      second(newGlobalAvgPool(g, "gap", vector)),
		"softmax":  second(newSoftmax(g, "softmax", image)),
		"add":      second(newAdd(g, "add", image, vector)),
		"concat":   second(newConcat(g, "concat", image, param("other", 2, 4, 4, 3))),
		"dropout":  second(newDropout(g, "dropout", vector, 1)),
		"loss":     second(newCrossEntropyLoss(g, "loss", vector, image, vector, 1)),
		"channels": second(newConv(g, "channels", image, param("u", 4, 2, 3, 3), nil, convConfig{})),
		"bias":     second(newDense(g, "bias", vector, param("q", 4, 3), param("b", 3), denseConfig{})),
		"gamma": second(newBatchNorm(g, "gamma", image, param("c", 4), param("d", 3), param("e", 3),
			param("f", 3), batchNormConfig{})),
		"inputs": second(newDense(g, "inputs", vector, param("r", 4, 5), nil, denseConfig{})),
	} {
		if err == nil {
			t.Errorf("%s took shapes that do not fit", name)
		}
	}
}

func second[A any](_ A, err error) error { return err }
