package infer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/ort"
)

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func encoded(t *testing.T) []byte {
	t.Helper()
	data, err := model(t, colours.Bytes).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFindTakesTheFileHereBeforeTheBuiltinOne(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := Find("")
	if err != nil || !f.Builtin || f.Name != BuiltinName {
		t.Fatalf("got %+v, %v, want the built-in model", f, err)
	}
	write(t, DefaultFile, []byte("here"))
	if f, err = Find(""); err != nil || f.Builtin || f.Name != DefaultFile || string(f.Data) != "here" {
		t.Errorf("got %+v, %v, want %s", f, err, DefaultFile)
	}
	if _, err = Find("gone.onnx"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("gone.onnx: got %v", err)
	}
	if _, err = Find("."); err == nil || err.Error() != ".: a folder, want a file" {
		t.Errorf("a folder: got %v", err)
	}
}

func TestFindPrecisionWantsWhatTheNameSays(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := FindPrecision("", "fp16")
	var none *PrecisionError
	if !errors.As(err, &none) || none.Path != "model-fp16.onnx" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want a PrecisionError of model-fp16.onnx", err)
	}
	write(t, "model-fp16.onnx", encoded(t)) // which does not name its precision
	_, err = FindPrecision("", "fp16")
	if err == nil || err.Error() != `model-fp16.onnx: got precision "", want fp16` {
		t.Errorf("got %v", err)
	}
}

func TestSizeIsForFilesThatDoNotSayTheirs(t *testing.T) {
	onnxruntime.Need(t)
	path := filepath.Join(t.TempDir(), "model.onnx")
	write(t, path, encoded(t))
	if c, err := Open(path, Options{Size: 9}); !errors.Is(err, ErrOwnSize) {
		t.Errorf("got %v, %v, want ErrOwnSize", c, err)
	} else if !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("got %v, want the file first", err)
	}
}

func TestReadLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.txt")
	write(t, path, []byte("\ufeffrose\r\n\n tulip \n"))
	got, err := ReadLabels(path)
	if err != nil || strings.Join(got, ",") != "rose,tulip" {
		t.Errorf("got %q, %v", got, err)
	}
	write(t, path, []byte("\xff\xfe0\x00:\x00a\x00\n\x001\x00:\x00b\x00")) // UTF-16
	if got, err = ReadLabels(path); err != nil || strings.Join(got, ",") != "a,b" {
		t.Errorf("got %q, %v", got, err)
	}
	write(t, path, []byte("\n"))
	if _, err := ReadLabels(path); err == nil {
		t.Error("no labels: got no error")
	}
}

// TestFallbackOpensOnTheCPU where the GPU cannot be used.
func TestFallbackOpensOnTheCPU(t *testing.T) {
	onnxruntime.Need(t)
	o := Options{Session: ort.Options{Device: ort.Device{CUDA: true}, TF32: true}}
	c, err := New(drawn.Model(), o)
	if err == nil {
		c.Close()
		t.Skip("there is a GPU that can be used")
	}
	var device *ort.DeviceError
	if !errors.As(err, &device) {
		t.Fatalf("got %v, %v, want a DeviceError", c, err)
	}
	var why error
	o.Fallback = func(err error) { why = err }
	if c, err = New(drawn.Model(), o); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Session().Device().CUDA || !errors.As(why, &device) {
		t.Errorf("got %s, told %v", c.Session().Device(), why)
	}
}
