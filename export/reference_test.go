package export

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// envPython names a Python that has the package onnx, for instance Debian's
// /usr/bin/python3 with python3-onnx, or one with a newer onnx from PyPI.
const envPython = "FLOWERCTL_ONNX_PYTHON"

// checker is ONNX' own checker, with its shape inference made strict. It first
// writes the newest operator set it knows, then reads file names and answers a
// line to each.
const checker = `
import sys, onnx
print(onnx.defs.onnx_opset_version(), flush=True)
for line in sys.stdin:
    name = line.rstrip("\n")
    try:
        onnx.checker.check_model(name, full_check=True)
        onnx.shape_inference.infer_shapes(onnx.load(name), check_type=True, strict_mode=True)
        print("ok", flush=True)
    except Exception as e:
        print(" ".join(str(e).split()), flush=True)
`

// referenceChecker is the checker under way.
type referenceChecker struct {
	opset   int
	names   io.Writer
	answers *bufio.Scanner
}

func startChecker(t *testing.T) *referenceChecker {
	t.Helper()
	python := os.Getenv(envPython)
	if python == "" {
		t.Skipf("$%s names no Python with the package onnx", envPython)
	}
	c := exec.Command(python, "-c", checker)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	})
	r := &referenceChecker{names: in, answers: bufio.NewScanner(out)}
	if !r.answers.Scan() {
		t.Fatal("the checker did not start")
	}
	if r.opset, err = strconv.Atoi(r.answers.Text()); err != nil {
		t.Fatal(err)
	}
	return r
}

// check asks for a file's verdict.
func (r *referenceChecker) check(t *testing.T, c *checkpoint.Checkpoint, o Options) {
	t.Helper()
	file, err := export(t, c, o).Encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	o.Ranges = nil
	fmt.Fprintln(r.names, path)
	if !r.answers.Scan() {
		t.Fatalf("%s %+v: no answer", c.Spec.Name, o)
	}
	if got := r.answers.Text(); got != "ok" {
		t.Errorf("%s %+v: %.300s", c.Spec.Name, o, got)
	}
}

// wide are ranges for every node, which int8 wants: the checker does not compute.
func wide(t *testing.T, c *checkpoint.Checkpoint) Ranges {
	t.Helper()
	spec, _, err := Network(c, Options{Precision: INT8})
	if err != nil {
		t.Fatal(err)
	}
	ranges := Ranges{}
	for _, n := range spec.Nodes {
		ranges[n.Name] = Range{-4, 4}
	}
	return ranges
}

// TestTheReferenceCheckerAccepts every preset in every precision, and every
// operator set. onnx before 1.13, as in Debian 12, does not know set 18, which
// files that take images need.
func TestTheReferenceCheckerAccepts(t *testing.T) {
	r := startChecker(t)
	for _, p := range arch.All() {
		size := 0
		if p.Parameters > 3e7 {
			size = 96 // the same nodes, a tenth of the bytes
		}
		c := networks.Preset(t, p.Name, size)
		for _, precision := range []Precision{FP32, FP16, INT8} {
			for _, in := range []Input{Image, Float} {
				o := Options{Precision: precision, Input: in, Ranges: wide(t, c)}
				if r.opset < DefaultOpset {
					o.Opset = r.opset
				}
				if in == Image && r.opset < imageOpset {
					continue
				}
				r.check(t, c, o)
			}
		}
	}
	for _, name := range []string{"v7-batchnorm", "mobilenetv2", "v6-googlenet"} {
		c := networks.Preset(t, name, 0)
		for opset := MinOpset; opset <= min(MaxOpset, r.opset); opset++ {
			for _, fold := range []bool{false, true} {
				r.check(t, c, Options{Opset: opset, Input: Float, FoldBatchNorm: fold})
			}
		}
	}
	if r.opset < imageOpset {
		t.Logf("files that take images were not checked: this onnx knows operator sets up to %d", r.opset)
	}
}
