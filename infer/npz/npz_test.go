package npz

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestArraysOfNumpy(t *testing.T) {
	arrays, err := Read("testdata/numpy.npz")
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name  string
		shape []int
		data  []float32
	}{
		{"f2", []int{1, 3}, []float32{0.5, -2, 65504}},
		{"f4", []int{2, 2}, []float32{1.25, -3, float32(math.Inf(1)), 0}},
		{"f8", nil, []float32{2.5}}, {"u1", []int{2}, []float32{0, 255}}, {"i8", []int{1}, []float32{-7}},
		{"big", []int{2}, []float32{1.5, -9}}, {"empty", []int{0, 3}, nil},
	}
	if len(arrays) != len(want) {
		t.Fatalf("got %d arrays", len(arrays))
	}
	for i, w := range want {
		if a := arrays[i]; a.Name != w.name || !slices.Equal(a.Shape, w.shape) || !slices.Equal(a.Data, w.data) {
			t.Errorf("got %+v, want %+v", a, w)
		}
	}
}

// npy is a .npy file with the given header and numbers.
func npy(header string, data []byte) []byte {
	return append([]byte(fmt.Sprintf("\x93NUMPY\x01\x00%c%c%s", len(header)&255, len(header)>>8, header)), data...)
}

func TestWhatIsNoArrayOfNumbersIsRefused(t *testing.T) {
	if _, err := Read("testdata/refused.npz"); err == nil || !strings.Contains(err.Error(), "array a: an array of \"|O\"") {
		t.Errorf("objects: got %v", err)
	}
	const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }\n"
	for want, file := range map[string][]byte{
		"neither a .npz":        []byte("PK and more"),
		"truncated: 2 numbers":  npy(fmt.Sprintf(header, "2,"), []byte{1, 2, 3}),
		"too large":             npy(fmt.Sprintf(header, "1000000, 1000000, 9"), nil),
		"truncated: 100000000 ": npy(fmt.Sprintf(header, "100000000,"), nil),
		"no shape":              npy(fmt.Sprintf(header, "-1,"), nil),
		"in Fortran's order":    npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", nil),
		"neither JSON nor":      npy("{'descr': ", nil),
	} {
		if _, err := Parse(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	a, err := Parse(npy(fmt.Sprintf(header, "1,"), []byte{0, 0, 128, 63}))
	if err != nil || len(a) != 1 || a[0].Name != "arr_0" || !slices.Equal(a[0].Data, []float32{1}) {
		t.Errorf("got %+v, %v", a, err)
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/numpy.npz")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", []byte{0, 0, 128, 63}))
	f.Fuzz(func(t *testing.T, file []byte) {
		arrays, err := Parse(bytes.Clone(file))
		for _, a := range arrays {
			if n := a.Data; err == nil && len(a.Shape) == 0 && len(n) != 1 {
				t.Errorf("a scalar of %d numbers", len(n))
			}
		}
	})
}
