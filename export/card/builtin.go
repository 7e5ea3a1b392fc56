package card

import (
	"fmt"

	"github.com/flowerctl/flowerctl/onnx"
)

// OfBuiltin is the card of the model in the program: its file, the report of it, and what
// neither says, where its weights and photographs are from.
func OfBuiltin(file, report []byte) (*Card, error) {
	m, err := onnx.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("the built-in model: %w", err)
	}
	c, err := Of("builtin", file, m)
	if err != nil {
		return nil, fmt.Errorf("the built-in model: %w", err)
	}
	c.Data.Source = fmt.Sprintf("%d photographs of the public flower set of five classes",
		c.Data.Train+c.Data.Validation)
	c.Sources = []Source{
		{"weights", "EfficientNet-Lite0, trained on ImageNet", "Apache-2.0, Google; " +
			"conversion (c) 2020 ML Illustrated"},
		{"photographs", "the public flower set", "not stated; they are not part of the project"},
	}
	return c, c.AddReport(report)
}
