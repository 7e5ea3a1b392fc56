package backbone

import (
	"errors"
	"syscall"
	"testing"

	"github.com/flowerctl/flowerctl/infer/backbone/torchfile/torchtest"
	"github.com/flowerctl/flowerctl/onnx"
)

// TestFullDisk limits the size of files instead of filling a disk. The download
// stays, for when there is room.
func TestFullDisk(t *testing.T) {
	x := newWorld(t)
	w := onnx.NewInitializer("w", onnx.NewTensor(100_000))
	m, err := model([]onnx.Initializer{w})
	if err != nil {
		t.Fatal(err)
	}
	made, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	wheel := torchtest.ZipOf("", 8, []string{"net/w.pth"}, map[string][]byte{"net/w.pth": torchtest.Zip(w)})
	x.files["/d/made.whl"] = wheel
	entries[1].SHA256, entries[1].Size = hash(made), int64(len(made))
	entries[1].Package.SHA256, entries[1].Package.Size = hash(wheel), int64(len(wheel))
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limited := old
	limited.Cur = 100_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		t.Fatal(err)
	}
	_, err = Fetch(t.Context(), "made", Options{Mirror: x.url + "/d"})
	if restore := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); restore != nil {
		t.Fatal(restore)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("got %v, want %v", err, syscall.EFBIG)
	}
	if left := x.left(t); len(left) != 1 || left[0] != "made.whl.part" {
		t.Errorf("left: %q, want the download", left)
	}
	fetched(t, "made", Options{Mirror: x.url + "/d"})
}
