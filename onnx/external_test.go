//go:build unix

package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/beside"
)

// split is the model of tiny, whose weights are in the file that is called location.
func split(t testing.TB, location string, align int) (model, data []byte) {
	t.Helper()
	file, err := withSlice(tiny()).Encode()
	if err == nil {
		model, data, err = beside.Split(file, location, align)
	}
	if err != nil {
		t.Fatal(err)
	}
	return model, data
}

// save writes files into a folder: name, content ...
func save(t testing.TB, dir string, files ...any) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i].(string))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
			os.WriteFile(path, files[i+1].([]byte), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWeightsBesideTheFileAreReadFromThere(t *testing.T) {
	for name, test := range map[string]struct {
		location string
		align    int
		links    map[string]string // name to target, made in the folder
		path     string
	}{
		"beside":             {"m.onnx.data", 1, nil, "m.onnx"},
		"on pages":           {"m.onnx_data", 4096, nil, "m.onnx"},
		"in a folder below":  {"weights/of m.bin", 64, nil, "m.onnx"},
		"a dot before":       {"./m.bin", 1, nil, "m.onnx"},
		"a link to the file": {"m.bin", 1, map[string]string{"latest.onnx": "m.onnx"}, "latest.onnx"},
		"a link from another folder": {"m.bin", 1,
			map[string]string{"other/latest.onnx": "../m.onnx"}, "other/latest.onnx"},
		"a link within the folder": {"link.bin", 1, map[string]string{"link.bin": "m.bin"}, "m.onnx"},
		"a cache by hash": {"m.onnx_data", 1, map[string]string{
			"snapshots/1/m.onnx": "../../m.onnx", "snapshots/1/m.onnx_data": "../../0a1b2c"},
			"snapshots/1/m.onnx"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			model, data := split(t, test.location, test.align)
			stored := test.location
			for link, target := range test.links {
				if filepath.Base(link) == test.location {
					stored = filepath.Base(target)
				}
				path := filepath.Join(dir, link)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
					os.Symlink(target, path)); err != nil {
					t.Fatal(err)
				}
			}
			save(t, dir, "m.onnx", model, stored, data)
			// Another file of that name and size, where it must not be looked for.
			away := t.TempDir()
			save(t, away, test.location, make([]byte, len(data)))
			t.Chdir(away)
			got, err := ReadFile(filepath.Join(dir, test.path))
			if err != nil {
				t.Fatal(err)
			}
			if want := withSlice(tiny()); !reflect.DeepEqual(got, want) {
				t.Error("the model differs from the one with its weights inside")
			}
			t.Chdir(filepath.Join(dir, filepath.Dir(test.path)))
			if again, err := ReadFile(filepath.Base(test.path)); err != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("from its own folder it differs (%v)", err)
			}
		})
	}
}

// Who links to a model from a folder that has weights of the same name gets
// those of the model.
func TestWeightsOfTheFolderOfALinkAreNotTaken(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	model, data := split(t, "w.bin", 1)
	save(t, a, "m.onnx", model)
	save(t, b, "w.bin", data)
	if err := os.Symlink(filepath.Join(a, "m.onnx"), filepath.Join(b, "m.onnx")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(filepath.Join(b, "m.onnx")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v, want nothing from beside the link", err)
	}
	save(t, a, "w.bin", data)
	save(t, b, "w.bin", make([]byte, len(data)))
	got, err := ReadFile(filepath.Join(b, "m.onnx"))
	if err != nil || !reflect.DeepEqual(got, withSlice(tiny())) {
		t.Errorf("want the weights beside the file itself (%v)", err)
	}
}

// TestTensorsOfEveryPlaceAreReadFromBeside: constants of nodes, graphs and functions.
func TestTensorsOfEveryPlaceAreReadFromBeside(t *testing.T) {
	constant := func(where func(a *message)) func(g *message) {
		return func(g *message) {
			a, n := &message{}, &message{}
			a.text(1, "value")
			where(a)
			n.text(4, "Constant")
			n.message(5, a)
			g.message(1, n)
		}
	}
	tensor := func(outside bool) *message {
		x := &message{}
		x.packed(1, []int64{4})
		x.varint(2, 1)
		if outside {
			refer(x, "w.bin", "16", "16")
		}
		x.text(8, "x")
		if !outside {
			x.bytes(9, []byte("values of the x!"))
		}
		return x
	}
	for name, write := range map[string]func(a *message, outside bool){
		"tensor":  func(a *message, outside bool) { a.message(5, tensor(outside)); a.varint(20, 4) },
		"tensors": func(a *message, outside bool) { a.message(10, tensor(outside)); a.varint(20, 9) },
		"graph": func(a *message, outside bool) {
			g := &message{}
			g.message(5, tensor(outside))
			a.message(6, g)
			a.varint(20, 5)
		},
		"graphs": func(a *message, outside bool) {
			inner := &message{}
			constant(func(b *message) { b.message(5, tensor(outside)); b.varint(20, 4) })(inner)
			a.message(11, inner)
			a.varint(20, 10)
		},
	} {
		files := map[bool][]byte{}
		for _, outside := range []bool{false, true} {
			g, f, m := &message{}, &message{}, &message{}
			constant(func(a *message) { write(a, outside) })(g)
			a := &message{}
			a.text(1, "default")
			write(a, outside)
			f.text(1, "f")
			f.message(11, a)
			m.varint(1, 8)
			m.message(7, g)
			m.message(25, f)
			files[outside] = bytes.Join(m.parts, nil)
		}
		dir := t.TempDir()
		save(t, dir, "m.onnx", files[true], "w.bin", []byte("sixteen of othervalues of the x!."))
		got, err := ReadBytes(filepath.Join(dir, "m.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := Decode(files[false])
		if err != nil {
			t.Fatal(err)
		}
		if m, err := Decode(got); err != nil || !reflect.DeepEqual(m, want) {
			t.Errorf("%s: the model differs from the one with its values inside (%v)", name, err)
		}
	}
}

func TestAFileWithItsWeightsInsideIsLeftAsItIs(t *testing.T) {
	for _, file := range [][]byte{wrong(t, func(*Model) {}), []byte("hello"), nil, make([]byte, 99)} {
		got, err := Inline("nowhere/m.onnx", file)
		if err != nil || !bytes.Equal(got, file) {
			t.Errorf("got %d bytes, %v, want the %d of the file", len(got), err, len(file))
		}
	}
}

// referring is a model with a vector of four float32 that are elsewhere: pairs of keys
// and values say where.
func referring(location string, pairs ...string) []byte {
	return tensorFile(func(t *message) {
		t.varint(1, 4)
		t.varint(2, int64(Float32))
		pairs := append([]string{"location", location}, pairs...)
		for i := 0; i < len(pairs); i += 2 {
			e := &message{}
			e.text(1, pairs[i])
			e.text(2, pairs[i+1])
			t.message(13, e)
		}
		t.varint(14, 1)
	})
}

func TestWeightsElsewhereAreRefused(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "models")
	sixteen := make([]byte, 16)
	save(t, top, "models/w.bin", sixteen, "secret.bin", sixteen, "models/short.bin", sixteen[:15],
		"models/sub/w.bin", sixteen, "models/hard.bin", sixteen)
	for link, target := range map[string]string{"out.bin": "../secret.bin", "abs.bin": filepath.Join(top, "secret.bin"),
		"up": "..", "twice.bin": "out.bin", "loop.bin": "loop.bin", "gone.bin": "nothing.bin", "null.bin": "/dev/zero"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Link(filepath.Join(top, "secret.bin"), filepath.Join(dir, "trick.bin")),
		os.Link(filepath.Join(dir, "hard.bin"), filepath.Join(dir, "hard2.bin")),
		syscall.Mkfifo(filepath.Join(dir, "pipe.bin"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		want string
		file []byte
	}{
		{"a path out of the folder", referring("../secret.bin")},
		{"a path out of the folder", referring("sub/../../secret.bin")},
		{"a path out of the folder", referring("sub/../w.bin")},
		{"a path out of the folder", referring(`..\secret.bin`)},
		{"a path out of the folder", referring("..")},
		{"an absolute path", referring(filepath.Join(top, "secret.bin"))},
		{"an absolute path", referring(filepath.Join(dir, "w.bin"))},
		{"an absolute path", referring(`\\host\share\w.bin`)},
		{"an absolute path", referring("/dev/zero")},
		{"a link out of the folder", referring("out.bin")},
		{"a link out of the folder", referring("abs.bin")},
		{"a link out of the folder", referring("twice.bin")},
		{"a link out of the folder", referring("up/secret.bin")},
		{"a link out of the folder", referring("null.bin")},
		{"too many levels of symbolic links", referring("loop.bin")},
		{"there is no such file", referring("gone.bin")},
		{"there is no such file", referring("other.bin")},
		{"there is no such file", referring("*/_ORT_MEM_ADDR_/*", "offset", "4096", "length", "16")},
		{"2 names (hard links)", referring("trick.bin")},
		{"2 names (hard links)", referring("hard.bin")},
		{"no regular file", referring("sub")},
		{"no regular file", referring(".")},
		{"no regular file", referring("pipe.bin")},
		{"it has no name", referring("")},
		{"it has 15 bytes, want 16 from byte 0 on", referring("short.bin")},
		{"it has 16 bytes, want 16 from byte 1 on", referring("w.bin", "offset", "1")},
		{"it has 16 bytes, want 16 from byte 9223372036854775807 on", referring("w.bin", "offset", "9223372036854775807")},
		{`offset "9223372036854775808", want a number`, referring("w.bin", "offset", "9223372036854775808")},
		{`offset "-1", want a number`, referring("w.bin", "offset", "-1")},
		{`offset "0x0", want a number`, referring("w.bin", "offset", "0x0")},
		{"length 15, but float32[4] has 16 bytes", referring("w.bin", "length", "15")},
		{"length 17, but float32[4] has 16 bytes", referring("w.bin", "length", "17")},
		{"want one location, offset and length", referring("w.bin", "location", "sub/w.bin")},
		{"want one location, offset and length", referring("w.bin", "offset", "0", "offset", "1")},
		{"want at most 64 entries", referring("w.bin", strings.Split(strings.Repeat("x,y,", 64)+"x,y", ",")...)},
		{"values of type string are not read", tensorFile(func(t *message) {
			t.varint(1, 4)
			t.varint(2, int64(StringElem))
			refer(t, "w.bin", "0", "16")
		})},
		{"none negative", tensorFile(func(t *message) {
			t.packed(1, []int64{1 << 40, 1 << 40})
			t.varint(2, 1)
			refer(t, "w.bin", "0", "16")
		})},
		{"says as well that they are in it", tensorFile(func(t *message) {
			t.varint(1, 4)
			t.varint(2, 1)
			t.bytes(9, sixteen)
			refer(t, "w.bin", "0", "16")
		})},
		{"want one location", tensorFile(func(t *message) {
			t.varint(1, 4)
			t.varint(2, 1)
			t.varint(14, 1)
		})},
	} {
		path := filepath.Join(dir, "m.onnx")
		save(t, dir, "m.onnx", test.file)
		_, err := ReadFile(path)
		var external *ExternalError
		if !errors.As(err, &external) || !strings.Contains(err.Error(), test.want) ||
			!strings.HasPrefix(err.Error(), path+`: tensor "w"`) || external.Hint() == "" {
			t.Errorf("got %v, want %q", err, test.want)
		}
		if yes, err := HasExternal(test.file); !yes || err != nil {
			t.Errorf("%s: got %v, %v, want to hear of other files", test.want, yes, err)
		}
	}
}

// alike is a model with n tensors, all of them the same bytes.
func alike(n int, elements int64, location string) []byte {
	g := &message{}
	for i := range n {
		t := &message{}
		t.text(8, fmt.Sprint("w", i))
		t.packed(1, []int64{elements})
		t.varint(2, int64(Uint8))
		refer(t, location, "0", "")
		g.message(5, t)
	}
	return around(g)
}

func TestSizesAreCheckedBeforeMemoryIsTaken(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.onnx")
	save(t, dir, "w.bin", make([]byte, 1<<20))
	f, err := os.Create(filepath.Join(dir, "huge.bin")) // it takes no room on the disk
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil {
		t.Fatal(err)
	}
	for want, file := range map[string][]byte{
		"want at most 4 times as many":           alike(1000, 1<<20, "w.bin"),
		"too large for one file: it has 2147483": alike(1, MaxFileBytes, "huge.bin"),
		"too large for one file: it has 2400000": alike(12, 200_000_000, "huge.bin"),
		"want none negative":                     alike(1, 1<<40, "huge.bin"),
	} {
		save(t, dir, "m.onnx", file)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadFile(path)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
			t.Errorf("%s: it took %d KiB", want, used>>10)
		}
	}
	save(t, dir, "m.onnx", alike(2, 1<<20, "w.bin")) // two layers that share their weights
	if m, err := ReadFile(path); err != nil || len(m.Graph.Initializers[1].Raw) != 1<<20 {
		t.Errorf("shared weights: got %v", err)
	}
}

// refer says in a tensor that its values are elsewhere.
func refer(t *message, location, offset, length string) {
	for _, pair := range [][2]string{{"location", location}, {"offset", offset}, {"length", length}} {
		e := &message{}
		e.text(1, pair[0])
		e.text(2, pair[1])
		t.message(13, e)
	}
	t.varint(14, 1)
}
