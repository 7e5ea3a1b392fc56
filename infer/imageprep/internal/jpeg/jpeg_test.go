package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func anySize(w, h int) error { return nil }

func decodeRGB(data []byte, decode func(*Frame) (*Picture, error)) (
	rgb []uint8, f *Frame, err error) {
	f, err = Parse(data, anySize)
	if err != nil {
		return nil, nil, err
	}
	p, err := decode(f)
	if err != nil {
		return nil, nil, err
	}
	rgb = make([]uint8, 3*f.W*f.H)
	rows := p.Rows()
	for y := range f.H {
		rows.Read(y, rgb[3*f.W*y:])
	}
	return rgb, f, nil
}

// testImages are the JPEGs of the Go distribution that are complete, by name.
func testImages(t testing.TB) map[string][]byte {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	testdata := filepath.Join(strings.TrimSpace(string(root)), "src", "image", "testdata")
	paths, _ := filepath.Glob(filepath.Join(testdata, "*.jpeg"))
	if len(paths) == 0 {
		t.Skip("this Go comes without test images")
	}
	files := map[string][]byte{}
	for _, path := range paths {
		if strings.Contains(path, "truncated") {
			continue // it is refused
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = data
	}
	return files
}

// encoded is a picture of noise over a gradient, as image/jpeg writes it.
func encoded(t testing.TB, w, h, quality int, grey bool) []byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	rgba, gray := image.NewRGBA(image.Rect(0, 0, w, h)), image.NewGray(image.Rect(0, 0, w, h))
	for i := range rgba.Pix {
		rgba.Pix[i] = uint8(i/(4*w)) + uint8(rng.Uint32()%64)
	}
	copy(gray.Pix, rgba.Pix)
	var img image.Image = rgba
	if grey {
		img = gray
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, img, &stdjpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSamplesAgreeWithTheStandardLibrary compares before the conversion to RGB. The
// inverse DCT of image/jpeg rounds differently, by a level.
func TestSamplesAgreeWithTheStandardLibrary(t *testing.T) {
	files := testImages(t)
	for _, q := range []int{1, 50, 100} {
		files[fmt.Sprint("noise of quality ", q)] = encoded(t, 75, 43, q, false)
		files[fmt.Sprint("grey noise of quality ", q)] = encoded(t, 75, 43, q, true)
	}
	for name, data := range files {
		want, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(data, anySize)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := f.decode()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var planes [][]uint8
		var strides []int
		switch m := want.(type) {
		case *image.YCbCr:
			planes, strides = [][]uint8{m.Y, m.Cb, m.Cr}, []int{m.YStride, m.CStride, m.CStride}
		case *image.Gray:
			planes, strides = [][]uint8{m.Pix}, []int{m.Stride}
		default: // RGB and CMYK are compared with Pillow by imageprep
			continue
		}
		for i := range planes {
			c := f.comps[i]
			for y := range c.rows {
				a, b := p.planes[i].pix[y*p.planes[i].stride:][:c.w], planes[i][y*strides[i]:][:c.w]
				for x := range a {
					if d := int(a[x]) - int(b[x]); d < -1 || d > 1 {
						t.Fatalf("%s: component %d at (%d, %d) is %d, image/jpeg says %d", name, i, x, y, a[x], b[x])
					}
				}
			}
		}
	}
}

// TestTurboGivesTheSamePixels needs a build with the tag libjpeg.
func TestTurboGivesTheSamePixels(t *testing.T) {
	if !Turbo {
		t.Skip("built without the tag libjpeg")
	}
	files := testImages(t)
	for w := 1; w < 20; w++ {
		files[strings.Repeat("w", w)] = encoded(t, w, 20-w, 5*w, w%5 == 0)
	}
	used := 0
	for name, data := range files {
		want, f, err := decodeRGB(data, (*Frame).decode)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := f.decodeTurbo()
		if !ok {
			t.Logf("%s: left to the decoder in Go", name)
			continue
		}
		used++
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other pixels", name)
		}
		if _, ok := f.cutTo(len(data) - 20).decodeTurbo(); ok {
			t.Errorf("%s: libjpeg-turbo took a cut file", name)
		}
	}
	if used < 20 {
		t.Errorf("libjpeg-turbo decoded %d files", used)
	}
}

// cutTo returns f with fewer bytes. Parse would refuse them.
func (f *Frame) cutTo(n int) *Frame {
	g := *f
	g.data = f.data[:n]
	return &g
}

// TestInvertIsTheInverseDCT compares with the definition. Source: T.81, A.3.3.
func TestInvertIsTheInverseDCT(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 200 {
		var b [blockLen]int32
		last := 0
		for range trial % 20 {
			k := rng.IntN(blockLen)
			b[natural[k]] = int32(rng.IntN(601) - 300)
			last = max(last, k)
		}
		b[0] = int32(rng.IntN(1200) - 600)
		var want [blockLen]float64
		for y := range 8 {
			for x := range 8 {
				sum := 0.0
				for v := range 8 {
					for u := range 8 {
						c := 1.0
						if u == 0 {
							c /= math.Sqrt2
						}
						if v == 0 {
							c /= math.Sqrt2
						}
						sum += c * float64(b[8*v+u]) * math.Cos(float64((2*x+1)*u)*math.Pi/16) *
							math.Cos(float64((2*y+1)*v)*math.Pi/16)
					}
				}
				want[8*y+x] = min(max(sum/4+128, 0), 255)
			}
		}
		var got [blockLen]uint8
		invert(&b, last, got[:], blockSide)
		for i := range got {
			if d := math.Abs(float64(got[i]) - want[i]); !(d < 0.6) {
				t.Fatalf("trial %d: sample %d is %d, want %.2f", trial, i, got[i], want[i])
			}
		}
	}
}

func TestCutScansAreRefused(t *testing.T) {
	for name, data := range testImages(t) {
		if _, err := Parse(data[:len(data)-2], anySize); !errors.As(err, new(TruncatedError)) {
			t.Errorf("%s without its end marker: %v", name, err)
		}
		// With an end marker put where the data stops, the missing bits are noticed.
		cut := append(bytes.Clone(data[:len(data)/2]), 0xff, eoi)
		if strings.Contains(name, "progressive") || strings.Contains(name, "separate") {
			continue
		}
		if _, _, err := decodeRGB(cut, (*Frame).Decode); err == nil {
			t.Errorf("%s: half of it was decoded", name)
		}
	}
}

func TestCheckIsAskedBeforeTheScans(t *testing.T) {
	data := encoded(t, 33, 21, 50, false)
	stop := errors.New("stop")
	if _, err := Parse(data, func(w, h int) error {
		if w != 33 || h != 21 {
			t.Errorf("asked about %d x %d", w, h)
		}
		return stop
	}); err != stop {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range testImages(f) {
		if len(data) < 8000 {
			f.Add(data)
		}
	}
	f.Add(encoded(f, 9, 5, 90, false))
	f.Add(encoded(f, 17, 9, 10, true))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := Parse(data, anySize)
		if err != nil || frame.W*frame.H > 1<<16 || frame.Visits > 1<<14 {
			return
		}
		p, err := frame.Decode()
		if err != nil {
			return
		}
		rows, dst := p.Rows(), make([]uint8, 3*frame.W)
		for y := range frame.H {
			rows.Read(y, dst)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := testImages(b)["video-001.jpeg"]
	for name, decode := range map[string]func(*Frame) (*Picture, error){
		"go": (*Frame).decode, "chosen": (*Frame).Decode,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := decodeRGB(data, decode); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("image-jpeg", func(b *testing.B) {
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestOtherCodingsAreNamed turns the frame marker of an image into each of the others.
func TestOtherCodingsAreNamed(t *testing.T) {
	data := encoded(t, 9, 9, 50, true)
	at := bytes.Index(data, []byte{0xff, sof0}) + 1
	for marker, want := range map[byte]string{0xc3: "lossless coding", 0xc5: "hierarchical coding",
		0xc7: "hierarchical coding", 0xc9: "arithmetic coding", 0xca: "arithmetic coding",
		0xcb: "lossless arithmetic coding", 0xcf: "hierarchical coding", sof55: "JPEG-LS"} {
		other := bytes.Clone(data)
		other[at] = marker
		_, err := Parse(other, anySize)
		var feature UnsupportedError
		if !errors.As(err, &feature) || err.Error() != want {
			t.Errorf("marker %#x: %v, want %s", marker, err, want)
		}
	}
}
