package verify

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/onnx"
)

// envReader makes this test program the process that onnx-go runs in.
const envReader = "VERIFY_TEST_ONNX_GO"

func TestMain(m *testing.M) {
	if os.Getenv(envReader) == "" {
		skipExamples()
		os.Exit(m.Run())
	}
	if err := RunOnnxGo(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// skipExamples leaves ExampleFile out where there is no onnxruntime: an example
// cannot skip itself.
func skipExamples() {
	err := onnxruntime.Load()
	if err == nil || onnxruntime.Required() {
		return
	}
	flag.Parse()
	if skip := flag.Lookup("test.skip"); skip.Value.String() == "" {
		fmt.Fprintln(os.Stderr, "ExampleFile is skipped:", err)
		skip.Value.Set("ExampleFile")
	}
}

// readerCommand starts this program as the reader.
func readerCommand(t testing.TB) []string {
	t.Helper()
	t.Setenv(envReader, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{program}
}

// TestOnnxGoAgreesWhereItCan runs the second reader on networks small enough for
// gorgonia's own convolution.
func TestOnnxGoAgreesWhereItCan(t *testing.T) {
	for _, test := range []struct {
		preset  string
		size    int
		skipped string
	}{
		{"tiny", 0, ""}, {"v7-base", 70, ""}, {"v7-batchnorm", 100, ""}, {"v7-gap", 80, ""}, {"v1-pilot", 60, ""},
		{"v3-alexnet", 0, ""}, {"resnet-small", 64, ""}, {"v7-kernel", 100, ""},
		{"mobilenetv2", 64, "op Clip"},
	} {
		t.Run(test.preset, func(t *testing.T) {
			if test.preset == "v3-alexnet" && testing.Short() {
				t.Skip("30 million weights")
			}
			c := networks.Preset(t, test.preset, test.size)
			m, err := onnx.Decode(encoded(t, c, export.Options{}))
			if err != nil {
				t.Fatal(err)
			}
			second, err := newOnnxGo(m, 2, readerCommand(t))
			if test.skipped != "" {
				if !errors.Is(err, errSkipped) || !strings.Contains(err.Error(), test.skipped) {
					t.Errorf("got %v, want skipped: %s", err, test.skipped)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			reference, err := newGorgonia(c.Spec, c.Weights)
			if err != nil {
				t.Fatal(err)
			}
			defer reference.Close()
			ctx := context.Background()
			set, err := prepare(ctx, drawn(2, c.Preprocess.Size), c.Preprocess, 0)
			if err != nil {
				t.Fatal(err)
			}
			want, err := reference.Forward(ctx, set.batch(0, 2))
			if err != nil {
				t.Fatal(err)
			}
			got, err := second.Forward(ctx, set.batch(0, 2))
			if err != nil {
				t.Fatal(err)
			}
			d, err := Compare(want, got)
			if err != nil || d.ArgmaxEqual != 2 || d.MaxRel > 1e-5 {
				t.Errorf("%+v %v", d, err)
			}
		})
	}
}

// TestUnevenPadsAreNotForOnnxGo: it would compute them wrongly without an error.
func TestUnevenPadsAreNotForOnnxGo(t *testing.T) {
	for _, pads := range [][]int64{{1, 1, 1, 1}, {0, 0, 1, 1}} {
		m := &onnx.Model{}
		m.Graph.Nodes = []onnx.Node{{Name: "c", Op: "Conv", Attributes: []onnx.Attribute{onnx.Ints("pads", pads...)}}}
		if got, want := unreadable(m) != "", pads[0] == 0; got != want {
			t.Errorf("pads %v: unreadable is %v", pads, got)
		}
	}
}
