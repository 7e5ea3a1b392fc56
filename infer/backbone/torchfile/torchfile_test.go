package torchfile

import (
	"archive/zip"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/backbone/torchfile/torchtest"
	"github.com/flowerctl/flowerctl/onnx"
)

// weights are two small tensors, and a counter as PyTorch's batch norm has one.
func weights() []onnx.Initializer {
	counter := onnx.NewInt64("bn.num_batches_tracked", 7)
	counter.Dims = []int64{}
	return []onnx.Initializer{
		onnx.NewInitializer("conv.weight", onnx.Tensor{Shape: []int{2, 3, 1}, Data: []float32{1, 2, 3, 4, 5, 6}}),
		counter,
		onnx.NewInitializer("conv.bias", onnx.Tensor{Shape: []int{2}, Data: []float32{-1, 0.5}}),
	}
}

func TestBothFormats(t *testing.T) {
	for name, data := range map[string][]byte{"legacy": torchtest.Legacy(weights()...), "zip": torchtest.Zip(weights()...)} {
		got, err := Decode(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := weights(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// one is a zip whose only tensor is the view of the storage 1 2 3 4 5 6.
func one(offset int64, size, stride []int64) []byte {
	six := weights()[0]
	p := torchtest.NewPickle().Op("}(").Text("t").Tensor("0", "FloatStorage", 6, offset, size, stride, false)
	return torchtest.ZipOf("", zip.Store, []string{"data.pkl", "data/0"},
		map[string][]byte{"data.pkl": p.Op("u.").Bytes(), "data/0": six.Raw})
}

func TestViews(t *testing.T) {
	for name, tt := range map[string]struct {
		offset       int64
		size, stride []int64
		want         []float32
	}{
		"transposed": {0, []int64{3, 2}, []int64{1, 3}, []float32{1, 4, 2, 5, 3, 6}},
		"offset":     {2, []int64{3}, []int64{1}, []float32{3, 4, 5}},
		"every 2nd":  {1, []int64{3}, []int64{2}, []float32{2, 4, 6}},
		"scalar":     {5, nil, nil, []float32{6}},
		"empty":      {0, []int64{0, 3}, []int64{3, 1}, []float32{}},
		"one long":   {0, []int64{1, 6}, []int64{99, 1}, []float32{1, 2, 3, 4, 5, 6}},
	} {
		list, err := Decode(one(tt.offset, tt.size, tt.stride))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := list[0].Tensor(); err != nil || !reflect.DeepEqual(got.Data, tt.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got.Data, err, tt.want)
		}
	}
	for name, data := range map[string][]byte{
		"too far":    one(4, []int64{3}, []int64{1}),
		"repeated":   one(0, []int64{7}, []int64{0}),
		"expanded":   one(0, []int64{1 << 20, 1 << 20}, []int64{0, 0}),
		"negative":   one(0, []int64{3}, []int64{-1}),
		"no lengths": one(0, []int64{3}, nil),
		"before":     one(-1, []int64{3}, []int64{1}),
	} {
		if got, err := Decode(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, ErrMalformed)
		}
	}
}

// What runs code in Python is refused by name.
func TestCodeIsRefused(t *testing.T) {
	for want, p := range map[string]*torchtest.Pickle{
		`"os.system" is not allowed`:          torchtest.NewPickle().Op("cos\nsystem\n(").Text("true").Op("tR."),
		`"builtins.eval" is not allowed`:      torchtest.NewPickle().Text("builtins").Text("eval").Op("\x93."),
		`"torch.nn.Module" is not allowed`:    torchtest.NewPickle().Op("ctorch.nn\nModule\n)R."),
		`"torch.ComplexStorage" is not`:       torchtest.NewPickle().Op("ctorch\nComplexStorage\n."),
		`opcode 0x69 is not allowed in`:       torchtest.NewPickle().Op("(ios\nsystem\n."),
		`opcode 0x81 is not allowed in`:       torchtest.NewPickle().Op("ccollections\nOrderedDict\n)\x81."),
		`opcode 0x50 is not allowed in a fil`: torchtest.NewPickle().Op("P1\n."),
	} {
		data := torchtest.LegacyHead(p.Bytes())
		var refused *RefusedError
		if _, err := Decode(data); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want that %s", err, want)
		}
	}
}

// Files that Python 2 wrote have strings of bytes and dicts of lists, and the oldest
// another function for tensors.
func TestFilesOfPython2(t *testing.T) {
	p := torchtest.NewPickle().Op("ccollections\nOrderedDict\n(]]U\x01aa")
	p.Tensor("0", "FloatStorage", 6, 0, []int64{6}, []int64{1}, false).Op("aa](T\x01\x00\x00\x00b")
	p.Op("ctorch._utils\n_rebuild_tensor\n((").Text("storage").Op("ctorch\nFloatStorage\n")
	p.Text("0").Text("cpu").Int(6).Op("tQ").Int(1).Ints(2).Ints(1).Op("tReatR.")
	got, err := Decode(torchtest.ZipOf("", zip.Store, []string{"data.pkl", "data/0"},
		map[string][]byte{"data.pkl": p.Bytes(), "data/0": weights()[0].Raw}))
	if err != nil || len(got) != 2 || got[0].Name != "a" || got[1].Name != "b" {
		t.Errorf("got %v, %v, want tensors a and b", got, err)
	}
}

func TestDamagedFiles(t *testing.T) {
	legacy, zipped := torchtest.Legacy(weights()...), torchtest.Zip(weights()...)
	for name, data := range map[string][]byte{"legacy": legacy, "zip": zipped} {
		for n := range len(data) {
			if _, err := Decode(data[:n]); err == nil {
				t.Fatalf("%s cut at %d of %d: got no error", name, n, len(data))
			}
		}
	}
	pickles := map[string]*torchtest.Pickle{
		"no dict":         torchtest.NewPickle().Int(3).Op("."),
		"no tensor":       torchtest.NewPickle().Op("}(").Text("epoch").Int(3).Op("u."),
		"key no string":   torchtest.NewPickle().Op("}(").Int(3).Int(3).Op("u."),
		"empty stack":     torchtest.NewPickle().Op("."),
		"no mark":         torchtest.NewPickle().Op("t."),
		"below the mark":  torchtest.NewPickle().Op("}(s."),
		"no memo":         torchtest.NewPickle().Op("h\x05."),
		"memo of nothing": torchtest.NewPickle().Op("q\x05."),
		"odd items":       torchtest.NewPickle().Op("}(").Text("a").Op("u."),
		"build of a dict": torchtest.NewPickle().Op("}}b."),
		"call of a text":  torchtest.NewPickle().Text("a").Op(")R."),
		"dict of pairs":   torchtest.NewPickle().Op("ccollections\nOrderedDict\n(]NatR."),
		"dict of a text":  torchtest.NewPickle().Op("ccollections\nOrderedDict\n(").Text("a").Op("tR."),
		"arguments":       torchtest.NewPickle().Op("ccollections\nOrderedDict\n").Ints(1, 2).Op("R."),
		"protocol":        (&torchtest.Pickle{}).Op("\x80\x09N."),
		"storage":         torchtest.NewPickle().Ints(1, 2, 3, 4, 5).Op("Q."),
		"long text":       torchtest.NewPickle().Op("X\xff\xff\xff\xffaa."),
	}
	for name, p := range pickles {
		data := torchtest.ZipOf("", zip.Store, []string{"data.pkl"}, map[string][]byte{"data.pkl": p.Bytes()})
		if got, err := Decode(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, ErrMalformed)
		}
	}
	files := map[string][]byte{"data.pkl": torchtest.NewPickle().Op("}.").Bytes(), "byteorder": []byte("big"), "other": nil}
	for name, data := range map[string][]byte{
		"big-endian": torchtest.ZipOf("a/", zip.Store, []string{"data.pkl", "byteorder"}, files),
		"compressed": torchtest.ZipOf("a/", zip.Deflate, []string{"data.pkl"}, files),
		"no pickle":  torchtest.ZipOf("a/", zip.Store, []string{"other"}, files),
		"text":       []byte("hello"),
		"other":      []byte("\x80\x02N."),
	} {
		if got, err := Decode(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, ErrMalformed)
		}
	}
}

// A short file must not make much work by using one value again and again.
func TestRepetitionIsBounded(t *testing.T) {
	pair := "](U\x01aNe"
	lists := torchtest.NewPickle().Op("ccollections\nOrderedDict\nq\x01](" + strings.Repeat(pair, 1000) + "e\x85q\x02")
	lists.Op(strings.Repeat("h\x01h\x02R", 100_000) + ".")
	long := torchtest.NewPickle().Op("(" + strings.Repeat("K\x01", 100_000) + "tq\x01")
	long.Op("ctorch._utils\n_rebuild_tensor\n(Nh\x01h\x01h\x01tR.")
	for name, p := range map[string]*torchtest.Pickle{"lists": lists, "lengths": long} {
		data := torchtest.ZipOf("", zip.Store, []string{"data.pkl"}, map[string][]byte{"data.pkl": p.Bytes()})
		if _, err := Decode(data); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "up to") &&
			!strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: got %v, want a limit", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(torchtest.Legacy(weights()...))
	f.Add(torchtest.Zip(weights()...))
	f.Add(one(0, []int64{3, 2}, []int64{1, 3}))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Decode(data)
		if err != nil {
			return
		}
		for i := range list {
			if err := list[i].Validate(); err != nil {
				t.Errorf("decoded, and then: %v", err)
			}
		}
	})
}
