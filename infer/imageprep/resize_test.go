package imageprep

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// resizeONNX is Resize-18 with mode linear, coordinates half_pixel and
// antialias 1, in float64 and without rounding between the axes: the operator in
// the exported file. Source: onnx/reference/ops/op_resize.py.
func resizeONNX(img Image, size int) []float64 {
	axis := func(n int) [][]float64 {
		scale := float64(size) / float64(n)
		reach := max(1, 1/scale)
		out := make([][]float64, size)
		for i := range out {
			centre := (float64(i)+0.5)/scale - 0.5
			out[i] = make([]float64, n)
			total := 0.0
			for k := range n {
				out[i][k] = max(0, 1-math.Abs(float64(k)-centre)/reach)
				total += out[i][k]
			}
			for k := range n {
				out[i][k] /= total
			}
		}
		return out
	}
	across, down := axis(img.W), axis(img.H)
	out := make([]float64, 0, 3*size*size)
	for _, wy := range down {
		for _, wx := range across {
			for c := range 3 {
				sum := 0.0
				for y, v := range wy {
					if v == 0 {
						continue
					}
					for x, w := range wx {
						sum += v * w * float64(img.Pix[3*(y*img.W+x)+c])
					}
				}
				out = append(out, sum)
			}
		}
	}
	return out
}

func TestApplyIsWithinALevelOfONNX(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{{23, 17, 9}, {17, 23, 30}, {64, 5, 8}, {8, 64, 8}, {3, 2, 20}, {100, 90, 7}} {
		img := newImage(s[0], s[1])
		for i := range img.Pix {
			img.Pix[i] = uint8(rng.Uint32())
		}
		got := Config{Size: s[2]}.Apply(img)
		for i, want := range resizeONNX(img, s[2]) {
			if d := math.Abs(float64(got.Pix[i]) - want); !(d <= 1) {
				t.Fatalf("%v: value %d is %d, ONNX says %.3f", s, i, got.Pix[i], want)
			}
		}
	}
}

func TestApplyKeepsFlatColours(t *testing.T) {
	for _, s := range [][3]int{{MaxSide, 1, 1}, {1, MaxSide, 3}, {MaxSide, 2, 4}, {1, 1, 50}, {1000, 999, 149}} {
		for _, v := range []uint8{0, 1, 128, 254, 255} {
			img := Image{s[0], s[1], bytes.Repeat([]uint8{v}, 3*s[0]*s[1])}
			for _, mode := range []Resize{Stretch, Crop} {
				for i, got := range (Config{Size: s[2], Resize: mode}).Apply(img).Pix {
					if got != v {
						t.Fatalf("%v %s: value %d is %d, want %d", s, mode, i, got, v)
					}
				}
			}
		}
	}
}

func TestApplyOfTheRightSizeCopiesNothing(t *testing.T) {
	img := pattern(9, 9)
	for _, mode := range []Resize{Stretch, Crop} {
		if got := (Config{Size: 9, Resize: mode}).Apply(img); &got.Pix[0] != &img.Pix[0] {
			t.Errorf("%s copied", mode)
		}
	}
}

func TestCropOfAPanorama(t *testing.T) {
	img := newImage(5000, 2)
	for i := range img.Pix {
		img.Pix[i] = uint8(i / 3 / 20)
	}
	got := Config{Size: 2, Resize: Crop}.Apply(img)
	if got.Pix[0] != 2499/20 || got.Pix[3] != 2500/20 {
		t.Errorf("not the middle: %v", got.Pix)
	}
}

// Both make the same pixels, of every number of taps and of sides that fill no
// vector.
func TestBothResamplersAgree(t *testing.T) {
	if !vectors {
		t.Skip("no AVX2: there is one")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	check := func(img Image, across, down span) {
		t.Helper()
		row := func(y int, dst []uint8) { copy(dst, img.Pix[3*img.W*y:]) }
		got, want := resampleVectors(row, across, down), resampleGo(row, across, down)
		if !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("%d x %d, %v, %v: pixels differ", img.W, img.H, across, down)
		}
	}
	for range 300 {
		img := newImage(1+rng.IntN(90), 1+rng.IntN(90))
		for i := range img.Pix {
			img.Pix[i] = uint8(rng.Uint32())
			if img.Pix[i]&1 == 0 {
				img.Pix[i] = 255 // which may come out above
			}
		}
		across, down := Config{Size: 1 + rng.IntN(120), Resize: []Resize{Stretch, Crop}[rng.IntN(2)]}.window(img.W, img.H)
		check(img, across, down)
	}
	check(pattern(MaxSide, 2), span{from: MaxSide, to: 3, n: 3}, span{from: 2, to: 1, n: 1})
}

func BenchmarkApply(b *testing.B) {
	img := pattern(320, 240)
	row := func(y int, dst []uint8) { copy(dst, img.Pix[3*img.W*y:]) }
	across, down := Config{Size: 150}.window(img.W, img.H)
	for name, resample := range map[string]func(rowReader, span, span) Image{"avx2": resampleVectors, "go": resampleGo} {
		b.Run(name, func(b *testing.B) {
			if name == "avx2" && !vectors {
				b.Skip("no AVX2")
			}
			b.SetBytes(int64(len(img.Pix)))
			for b.Loop() {
				resample(row, across, down)
			}
		})
	}
}

func BenchmarkPrepare(b *testing.B) {
	data := photograph(b, false)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := new(Decoder).Prepare(Bytes(data), Config{Size: 64}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuse(b *testing.B) {
	for name, data := range bombs() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				new(Decoder).Decode(Bytes(data))
			}
		})
	}
}
