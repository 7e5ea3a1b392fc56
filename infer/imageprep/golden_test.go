package imageprep

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// golden is testdata/pillow.json, made by testdata/pillow.py.
type golden struct {
	Small []struct {
		Name      string
		Data, RGB []byte
		W, H      int
		Tolerance int
	}
	Files []struct {
		Root, Name, Input, RGB string
		W, H                   int
	}
	Resized []struct {
		W, H, Size    int
		Stretch, Crop []byte
	}
}

func readGolden(t testing.TB) golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "pillow.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// sample returns the file of a name among the small ones.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	for _, s := range readGolden(t).Small {
		if s.Name == name {
			return s.Data
		}
	}
	t.Fatalf("no sample %s", name)
	return nil
}

// pattern is the picture that pillow.py draws too.
func pattern(w, h int) Image {
	img := newImage(w, h)
	for y := range h {
		for x := range w {
			for c := range 3 {
				img.Pix[3*(y*w+x)+c] = uint8(x*(7+c) + y*(5+2*c) + x*y/(3+c))
			}
		}
	}
	return img
}

// farthest is the largest difference of two pictures of one size, -1 for others.
func farthest(a, b []uint8) int {
	if len(a) != len(b) {
		return -1
	}
	most := 0
	for i := range a {
		most = max(most, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return most
}

func TestDecodeMatchesPillow(t *testing.T) {
	for _, s := range readGolden(t).Small {
		img, err := new(Decoder).Decode(Bytes(s.Data))
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if img.W != s.W || img.H != s.H {
			t.Errorf("%s: %d x %d, want %d x %d", s.Name, img.W, img.H, s.W, s.H)
			continue
		}
		if d := farthest(img.Pix, s.RGB); d < 0 || d > s.Tolerance {
			t.Errorf("%s: a pixel is %d levels off, want at most %d", s.Name, d, s.Tolerance)
		}
	}
}

// TestDecodeMatchesPillowOnTestImages reads the pictures that come with the Go
// distribution and with golang.org/x/image.
func TestDecodeMatchesPillowOnTestImages(t *testing.T) {
	folders := map[string]string{"go": goImages(t), "x": xImages(t)}
	for _, dir := range folders {
		if _, err := os.Stat(dir); err != nil {
			t.Skip("a distribution of Go without the pictures of its tests")
		}
	}
	compared := 0
	for _, f := range readGolden(t).Files {
		path := filepath.Join(folders[f.Root], f.Name)
		data, err := os.ReadFile(path)
		if err != nil || hash(data) != f.Input {
			continue // not shipped, or changed since
		}
		compared++
		img, err := new(Decoder).Decode(File(path))
		if err != nil {
			t.Error(err)
			continue
		}
		if img.W != f.W || img.H != f.H || hash(img.Pix) != f.RGB {
			t.Errorf("%s: %d x %d differs from Pillow's %d x %d", f.Name, img.W, img.H, f.W, f.H)
		}
	}
	if compared < 50 {
		t.Errorf("compared %d pictures, want the 100 that Go 1.26 and x/image 0.47 ship", compared)
	}
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// goImages and xImages are folders of pictures on this machine.
func goImages(t testing.TB) string {
	return filepath.Join(goCommand(t, "env", "GOROOT"), "src", "image", "testdata")
}

func xImages(t testing.TB) string {
	return filepath.Join(goCommand(t, "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image"), "testdata")
}

func goCommand(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

func TestApplyMatchesPillow(t *testing.T) {
	for _, r := range readGolden(t).Resized {
		img := pattern(r.W, r.H)
		before := bytes.Clone(img.Pix)
		for mode, want := range map[Resize][]byte{Stretch: r.Stretch, "": r.Stretch, Crop: r.Crop} {
			got := Config{Size: r.Size, Resize: mode}.Apply(img)
			if got.W != r.Size || got.H != r.Size || !bytes.Equal(got.Pix, want) {
				t.Errorf("%d x %d to %d, %q: %d levels off", r.W, r.H, r.Size, mode, farthest(got.Pix, want))
			}
		}
		if !bytes.Equal(img.Pix, before) {
			t.Errorf("%d x %d to %d changed its argument", r.W, r.H, r.Size)
		}
	}
}

func TestPrepareIsDecodeThenApply(t *testing.T) {
	for _, s := range readGolden(t).Small {
		img, err := new(Decoder).Decode(Bytes(s.Data))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []Config{{Size: 8}, {Size: 13, Resize: Crop}, {Size: 40}} {
			got, err := new(Decoder).Prepare(Bytes(s.Data), c)
			if err != nil || !bytes.Equal(got.Pix, c.Apply(img).Pix) {
				t.Errorf("%s, %+v: differs from Decode and Apply (%v)", s.Name, c, err)
			}
		}
	}
}
