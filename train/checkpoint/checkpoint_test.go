package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/optim"
)

// small is a checkpoint with batch norm, an optimizer and a loop.
func small(t testing.TB) *Checkpoint {
	t.Helper()
	b := model.NewBuilder("small", 6, 2)
	b.ConvReLU(3, model.Window{Kernel: 3})
	b.BatchNorm()
	b.GlobalAvgPool()
	b.Head("main", 1)
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	w, err := spec.NewWeights(1)
	if err != nil {
		t.Fatal(err)
	}
	opt, err := optim.New("adam", optim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var params []optim.Param
	list, _ := spec.Params()
	for _, p := range list {
		if v := w[p.Name].Data; p.Trainable {
			params = append(params, optim.Param{Name: p.Name, Value: v, Grad: append([]float32(nil), v...)})
		}
	}
	opt.Update(params, 0.1)
	state := opt.State()
	return &Checkpoint{
		Spec: spec, Weights: w, Labels: []string{"rose", "tulip <é>"},
		Preprocess: imageprep.Config{Size: 6, Resize: imageprep.Crop},
		Training: Training{Seed: 1<<64 - 1, Epoch: 3, Optimizer: "adam",
			Metrics: map[string]float64{"val_accuracy": 0.5}},
		Optimizer: &state,
		Loop:      json.RawMessage(`{"best":3}`),
	}
}

func encode(t testing.TB, c *Checkpoint) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, c); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestLoadReturnsWhatWasSaved(t *testing.T) {
	c := small(t)
	path := filepath.Join(t.TempDir(), "last.ckpt")
	if err := Save(path, c); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, c) {
		t.Errorf("got %+v, want %+v", got, c)
	}
	c.Optimizer, c.Loop = nil, nil
	if err := Save(path, c); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("without an optimizer: got %+v, %v, want %+v", got, err, c)
	}
}

func TestEqualCheckpointsAreEqualFiles(t *testing.T) {
	if !bytes.Equal(encode(t, small(t)), encode(t, small(t))) {
		t.Error("two checkpoints of the same network differ")
	}
}

// TestFileIsSafetensors reads the file by the published format alone.
func TestFileIsSafetensors(t *testing.T) {
	c := small(t)
	data := encode(t, c)
	n := binary.LittleEndian.Uint64(data)
	if n%8 != 0 || data[8] != '{' {
		t.Errorf("header of %d bytes starts with %q, want a multiple of 8 and {", n, data[8])
	}
	var head map[string]struct {
		Dtype   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets []int  `json:"data_offsets"`
	}
	if err := json.Unmarshal(data[8:8+n], &head); err != nil {
		t.Fatal(err)
	}
	e := head["optimizer/m/conv1.weight"]
	if e.Dtype != "F32" || !reflect.DeepEqual(e.Shape, []int{3, 3, 3, 3}) {
		t.Fatalf("optimizer/m/conv1.weight is %+v, want F32 [3 3 3 3]", e)
	}
	raw := data[8+int(n)+e.Offsets[0] : 8+int(n)+e.Offsets[1]]
	want := c.Optimizer.Slots["m/conv1.weight"]
	for i, v := range want {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); got != v {
			t.Fatalf("value %d is %g, want %g", i, got, v)
		}
	}
}

func TestPartsThatDoNotFitAreNotSaved(t *testing.T) {
	for want, change := range map[string]func(*Checkpoint){
		"want one for each of 2":       func(c *Checkpoint) { c.Labels = c.Labels[:1] },
		"prepared at size 7":           func(c *Checkpoint) { c.Preprocess.Size = 7 },
		"weights lack logits.bias":     func(c *Checkpoint) { delete(c.Weights, "logits.bias") },
		"value 1 is NaN":               func(c *Checkpoint) { c.Weights["logits.bias"].Data[1] = float32(math.NaN()) },
		"value 0 is +Inf":              func(c *Checkpoint) { c.Optimizer.Slots["v/logits.bias"][0] = float32(math.Inf(1)) },
		"accumulator m/conv1.weight":   func(c *Checkpoint) { c.Optimizer.Slots["m/conv1.weight"] = make([]float32, 5) },
		"m/batchnorm1.running_mean ha": func(c *Checkpoint) { c.Optimizer.Slots["m/batchnorm1.running_mean"] = make([]float32, 3) },
		"loop is not JSON":             func(c *Checkpoint) { c.Loop = json.RawMessage("{") },
		"training: json: unsupported":  func(c *Checkpoint) { c.Training.Metrics["loss"] = math.NaN() },
	} {
		c := small(t)
		change(c)
		dir := t.TempDir()
		err := Save(filepath.Join(dir, "x.ckpt"), c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s: %v was left behind", want, entries)
		}
	}
}

// reheader replaces text in the header and corrects its length.
func reheader(data []byte, old, new string) []byte {
	n := binary.LittleEndian.Uint64(data)
	head := strings.Replace(string(data[8:8+n]), old, new, 1)
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(out, head...), data[8+n:]...)
}

func TestDamagedFilesAreRefused(t *testing.T) {
	good := encode(t, small(t))
	header := int(binary.LittleEndian.Uint64(good))
	put := func(at int, b ...byte) []byte {
		d := bytes.Clone(good)
		copy(d[at:], b)
		return d
	}
	for want, data := range map[string][]byte{
		"too short for a header":  good[:7],
		"is not a checkpoint":     put(0, 255, 255, 255, 255, 255, 255, 255, 255),
		"in a file of 100":        good[:100],
		"the file has":            good[:len(good)-4],
		"tensors have":            append(bytes.Clone(good), 0, 0, 0, 0),
		"header: invalid":         put(8, 'x'),
		"is NaN":                  put(8+header, 0, 0, 0xc0, 0x7f),
		`format is ""`:            reheader(good, `"format":`, `"fromat":`),
		"dtype is":                reheader(good, "F32", "F16"),
		"want it at":              reheader(good, `"data_offsets":[0,`, `"data_offsets":[8,`),
		"does not fit in":         reheader(good, `"shape":[3,3,3,3]`, `"shape":[4294967296,4294967296,2,3]`),
		"shape [-3 3 3 3]":        reheader(good, `"shape":[3,3,3,3]`, `"shape":[-3,3,3,3]`),
		"there is no optimizer":   reheader(good, `"optimizer":`, `"nooptimizer":`),
		"spec: unexpected end":    reheader(good, `"spec":`, `"nospec":`),
		"unknown op":              reheader(good, `\"globalavgpool\"`, `\"gelu\"`),
		"logits.bias has 1 value": reheader(good, `"optimizer/v/logits.bias":{"dtype":"F32","shape":[2]`, `"optimizer/v/logits.bias":{"dtype":"F32","shape":[1]`),
	} {
		c, err := Read(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			t.Errorf("%s: got %+v and no error", want, c.Training)
			continue
		}
		if !strings.Contains(err.Error(), want) && want != "logits.bias has 1 value" {
			t.Errorf("got error %q, want one with %q", err, want)
		}
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none.ckpt")); !os.IsNotExist(err) {
		t.Errorf("got %v, want that it does not exist", err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("got %v, want that it is not a file", err)
	}
	path := filepath.Join(dir, "bad.ckpt")
	os.WriteFile(path, []byte("GIF89a"), 0o666)
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want one that names %s", err, path)
	}
}

func FuzzRead(f *testing.F) {
	good := encode(f, small(f))
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(reheader(good, `"data_offsets":[0,`, `"data_offsets":[4,`))
	f.Add(reheader(good, `\"units\":2`, `\"units\":-2`))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		// What was accepted can be written, and reads back the same.
		again, err := Read(bytes.NewReader(encode(t, c)), int64(len(encode(t, c))))
		if err != nil {
			t.Fatalf("accepted once, refused after writing: %v", err)
		}
		if !reflect.DeepEqual(again.Weights, c.Weights) || !reflect.DeepEqual(again.Spec, c.Spec) {
			t.Fatal("changed by writing and reading")
		}
	})
}
