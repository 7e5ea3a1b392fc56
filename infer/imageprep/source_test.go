package imageprep

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"
)

// withRubbish is a small picture and so many zeros behind it, as a stream.
func withRubbish(t *testing.T, n int64) io.Reader {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 9, 5))
	for i := range img.Pix {
		img.Pix[i] = uint8(5 * i)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return io.MultiReader(&b, io.LimitReader(zeros{}, n))
}

func TestReaderGivesTheFilesPixels(t *testing.T) {
	c := Config{Size: 4}
	var d Decoder
	for _, n := range []int64{0, headLen, largestPooled + 1, 3 << 20} {
		data, err := io.ReadAll(withRubbish(t, n))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "picture")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		want, err := d.Prepare(File(path), c)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for name, r := range map[string]io.Reader{"stream": withRubbish(t, n), "file": f,
			"in pieces": iotest.HalfReader(withRubbish(t, n))} {
			if got, err := d.Prepare(Reader("-", r), c); err != nil || !slices.Equal(got.Pix, want.Pix) {
				t.Errorf("%s and %d bytes: got %v, %v, want %v", name, n, got.Pix, err, want.Pix)
			}
		}
		err = d.View(Reader("-", withRubbish(t, n)), func(got []byte, img Image) error {
			if !bytes.Equal(got, data) || img.W != 9 || img.H != 5 {
				t.Errorf("got %d bytes, %d x %d pixels, want %d bytes, 9 x 5", len(got), img.W, img.H, len(data))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestReaderErrorsHaveItsName(t *testing.T) {
	var d Decoder
	for _, c := range []struct {
		reader io.Reader
		want   string
	}{
		{bytes.NewReader(nil), "-: not an image (empty)"},
		{io.LimitReader(zeros{}, 3<<20), "-: not an image (application/octet-stream)"},
		{withRubbish(t, MaxFile), "-: image too large (the file has more than 256 MiB)"},
		{iotest.ErrReader(errors.New("gone")), "-: gone"},
	} {
		if _, err := d.Prepare(Reader("-", c.reader), Config{Size: 4}); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
