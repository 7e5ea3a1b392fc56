package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
)

// askedPrecision reads --precision; "" is whatever the model has.
func askedPrecision(c *cli.Context) (export.Precision, error) {
	switch p := export.Precision(c.String("precision")); p {
	case "", export.FP32, export.FP16, export.INT8:
		return p, nil
	default:
		return "", usagef("--precision: got %q, want fp32, fp16 or int8", p)
	}
}

// readPrecision reads the model of that precision: the file itself for fp32,
// else its twin beside it, model-fp16.onnx beside model.onnx. What the file says
// of itself must agree.
func readPrecision(name string, p export.Precision) (string, []byte, error) {
	if p != export.FP32 {
		ending := filepath.Ext(name)
		name = strings.TrimSuffix(name, ending) + "-" + string(p) + ending
	}
	model, err := readModelFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fail(err, fmt.Sprintf("flowerctl export %s --precision %s makes it", name, p))
	}
	if err != nil {
		return "", nil, err
	}
	m, err := onnx.Decode(model)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	d, err := export.ReadMetadata(m)
	if err == nil && d.Precision != p {
		err = fmt.Errorf("got precision %q, want %s", d.Precision, p)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	return name, model, nil
}
