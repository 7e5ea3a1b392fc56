package augment

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// grey is an image of the given values, the three channels 0, 1 and 2 apart.
func grey(values ...uint8) []uint8 {
	var out []uint8
	for _, v := range values {
		out = append(out, v, v+1, v+2)
	}
	return out
}

func TestWarpValues(t *testing.T) {
	src := grey(
		10, 20, 30,
		40, 50, 60,
		70, 80, 90)
	sin, cos := math.Sincos(math.Pi / 2)
	for _, tt := range []struct {
		name string
		m    affine
		fill Fill
		want []uint8
	}{
		{"identity", affine{a: 1, e: 1}, Reflect, src},
		{"flip", affine{a: -1, e: 1}, Reflect, grey(30, 20, 10, 60, 50, 40, 90, 80, 70)},
		{"vflip", affine{a: 1, e: -1}, Reflect, grey(70, 80, 90, 40, 50, 60, 10, 20, 30)},
		{"quarter turn", affine{a: cos, b: -sin, d: sin, e: cos}, Reflect,
			grey(30, 60, 90, 20, 50, 80, 10, 40, 70)},
		{"shift, edge", affine{a: 1, c: 2, e: 1}, Edge, grey(30, 30, 30, 60, 60, 60, 90, 90, 90)},
		{"shift, reflect", affine{a: 1, c: 2, e: 1}, Reflect, grey(30, 30, 20, 60, 60, 50, 90, 90, 80)},
		{"half a pixel", affine{a: 1, c: 0.5, e: 1}, Edge, grey(15, 25, 30, 45, 55, 60, 75, 85, 90)},
		{"zoom in", affine{a: 0.5, e: 0.5}, Edge, grey(30, 35, 40, 45, 50, 55, 60, 65, 70)},
		{"zoom out", affine{a: 2, e: 2}, Edge, grey(10, 20, 30, 40, 50, 60, 70, 80, 90)},
	} {
		dst := make([]uint8, len(src))
		warp(dst, 3, src, 3, tt.m, tt.fill)
		if !bytes.Equal(dst, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, dst, tt.want)
		}
	}
}

// Half and twice the size show the same places: pixel centres, not corners, are mapped.
func TestWarpToAnotherSize(t *testing.T) {
	src := grey(
		10, 20, 30, 40,
		10, 20, 30, 40,
		50, 60, 70, 80,
		50, 60, 70, 80)
	half := make([]uint8, 3*2*2)
	Policy{}.Apply(half, 2, src, 4, newRand(1))
	if want := grey(15, 35, 55, 75); !bytes.Equal(half, want) {
		t.Errorf("half: got %v, want %v", half, want)
	}
	twice := make([]uint8, 3*4*4)
	Policy{Fill: Edge}.Apply(twice, 4, grey(0, 100, 0, 100), 2, newRand(1))
	if want := grey(0, 25, 75, 100); !bytes.Equal(twice[:12], want) {
		t.Errorf("twice: first row %v, want %v", twice[:12], want)
	}
	// The moves are the same ones, at the other scale.
	p := Policy{FlipH: 1, Rotate: 20, Shift: 0.2, Crop: 0.4}
	m := p.drawAffine(64, newRand(5))
	if other := p.drawAffine(32, newRand(5)); m.a != other.a || m.b != other.b ||
		math.Abs(m.c-2*other.c) > 1e-9 || math.Abs(m.f-2*other.f) > 1e-9 {
		t.Errorf("at 64 pixels %v, at 32 %v", m, other)
	}
}

func TestOutside(t *testing.T) {
	for i, want := range map[int][2]int{ // reflect, edge
		-7: {0, 0}, -4: {2, 0}, -3: {2, 0}, -1: {0, 0}, 0: {0, 0}, 2: {2, 2}, 3: {2, 2}, 5: {0, 2}, 6: {0, 2}, 8: {2, 2},
	} {
		if got := outside(i, 3, ""); got != want[0] {
			t.Errorf("reflect %d: got %d, want %d", i, got, want[0])
		}
		if got := outside(i, 3, Edge); got != want[1] {
			t.Errorf("edge %d: got %d, want %d", i, got, want[1])
		}
	}
}

// Every draw stays within its bounds, and they are used to near their ends.
func TestGeometryBounds(t *testing.T) {
	rng := newRand(1)
	angle := span{}
	for range 2000 {
		m := Policy{Rotate: 15}.drawAffine(64, rng)
		angle.add(math.Atan2(m.d, m.a) * 180 / math.Pi)
	}
	angle.want(t, "rotation", -15, 15)

	zoom, ratio := span{}, span{}
	for range 2000 {
		m := Policy{Zoom: 0.1}.drawAffine(64, rng)
		zoom.add(m.a)
		zoom.add(m.e)
		ratio.add(m.a / m.e)
	}
	zoom.want(t, "zoom", 0.9, 1.1)
	if ratio.hi < 1.1 {
		t.Errorf("zoom: the axes never differ by more than %.2f: want them drawn apart", ratio.hi)
	}

	shift := span{}
	for range 2000 {
		m := Policy{Shift: 0.25}.drawAffine(64, rng)
		shift.add(m.c)
		shift.add(m.f)
	}
	shift.want(t, "shift", -16, 16)
}

func TestCropStaysInside(t *testing.T) {
	rng := newRand(2)
	area, left := span{}, span{}
	for range 4000 {
		m := Policy{Crop: 0.4}.drawAffine(100, rng)
		area.add(m.a * m.e)
		if r := m.a / m.e; r < 3.0/4-1e-9 || r > 4.0/3+1e-9 {
			t.Fatalf("ratio of the sides %v", r)
		}
		left.add(m.c - 50*m.a)
		if x0, x1 := m.c-50*m.a, m.c+50*m.a; x0 < -50-1e-9 || x1 > 50+1e-9 {
			t.Fatalf("crop from %v to %v of -50 to 50", x0, x1)
		}
		if y0, y1 := m.f-50*m.e, m.f+50*m.e; y0 < -50-1e-9 || y1 > 50+1e-9 {
			t.Fatalf("crop from %v to %v of -50 to 50", y0, y1)
		}
	}
	if area.lo < 0.4-0.1 || area.hi > 1+1e-9 || area.hi < 0.9 || area.lo > 0.45 {
		t.Errorf("crops of %v of the area", area)
	}
	if left.lo > -49 || left.hi < -25 {
		t.Errorf("crops begin at %v only", left)
	}
}

// span is the range of what was seen.
type span struct {
	lo, hi float64
	any    bool
}

func (s *span) add(x float64) {
	if !s.any {
		*s = span{x, x, true}
	}
	s.lo, s.hi = min(s.lo, x), max(s.hi, x)
}

// want wants values within lo and hi, and near both.
func (s span) want(t *testing.T, what string, lo, hi float64) {
	t.Helper()
	slack := (hi - lo) / 50
	if s.lo < lo-1e-9 || s.hi > hi+1e-9 || s.lo > lo+slack || s.hi < hi-slack {
		t.Errorf("%s: from %v to %v, want %v to %v", what, s.lo, s.hi, lo, hi)
	}
}

func TestFlipsHalfOfTheTime(t *testing.T) {
	rng := newRand(3)
	p := Policy{FlipH: 0.5, FlipV: 0.25}
	var h, v int
	for range 10000 {
		m := p.drawAffine(10, rng)
		if m.a < 0 {
			h++
		}
		if m.e < 0 {
			v++
		}
	}
	if h < 4800 || h > 5200 || v < 2300 || v > 2700 {
		t.Errorf("flipped %d and %d of 10000, want about 5000 and 2500", h, v)
	}
}

func TestColourValues(t *testing.T) {
	identity := matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	scaled := func(f float64) matrix { return matrix{{f, 0, 0}, {0, f, 0}, {0, 0, f}} }
	for _, tt := range []struct {
		name      string
		m         matrix
		lift      float64
		pix, want []uint8
	}{
		{"nothing", identity, 0, []uint8{0, 128, 255}, []uint8{0, 128, 255}},
		{"brighter", scaled(1.5), 0, []uint8{10, 100, 200}, []uint8{15, 150, 255}},
		{"contrast", scaled(2), -1, []uint8{100, 100, 100, 140, 140, 140}, []uint8{80, 80, 80, 160, 160, 160}},
		{"no contrast", scaled(0), 1, []uint8{100, 100, 100, 140, 140, 140}, []uint8{120, 120, 120, 120, 120, 120}},
		{"grey", saturate(0), 0, []uint8{255, 0, 0, 0, 255, 0, 0, 0, 255}, []uint8{76, 76, 76, 150, 150, 150, 29, 29, 29}},
		{"vivid", saturate(2), 0, []uint8{100, 100, 100, 120, 100, 100}, []uint8{100, 100, 100, 134, 94, 94}},
		{"hue", turnHue(30), 0, []uint8{77, 77, 77}, []uint8{77, 77, 77}},
	} {
		pix := bytes.Clone(tt.pix)
		recolour(pix, tt.m, tt.lift)
		if !bytes.Equal(pix, tt.want) {
			t.Errorf("%s: %v became %v, want %v", tt.name, tt.pix, pix, tt.want)
		}
	}
}

func TestHueKeepsLumaAndGoesRound(t *testing.T) {
	full := turnHue(120).times(turnHue(120)).times(turnHue(120))
	for i := range 3 {
		y := 0.0
		for j := range 3 {
			want := 0.0
			if i == j {
				want = 1
			}
			if math.Abs(full[i][j]-want) > 0.01 {
				t.Errorf("three thirds of a turn: %v, want the identity", full)
			}
			y += luma[j] * turnHue(50)[j][i]
		}
		if math.Abs(y-luma[i]) > 0.003 {
			t.Errorf("luma of channel %d became %v, want %v", i, y, luma[i])
		}
	}
	pix := []uint8{200, 50, 50}
	recolour(pix, turnHue(-40), 0) // which way: from red towards yellow or magenta
	if pix[0] <= pix[1] || pix[1] == pix[2] {
		t.Errorf("red turned by 40 degrees is %v", pix)
	}
}

func TestColourBounds(t *testing.T) {
	rng := newRand(4)
	factor := span{}
	for range 2000 {
		m, _ := Policy{Brightness: 0.3}.drawColour(rng)
		factor.add(m[0][0])
	}
	factor.want(t, "brightness", 0.7, 1.3)
	lift := span{}
	for range 2000 {
		_, l := Policy{Contrast: 0.2}.drawColour(rng)
		lift.add(l)
	}
	lift.want(t, "contrast", -0.2, 0.2)
}

func TestApplyIsDeterministic(t *testing.T) {
	const size = 31
	src := make([]uint8, 3*size*size)
	for i := range src {
		src[i] = uint8(i * i >> 3)
	}
	before := bytes.Clone(src)
	for _, name := range Names() {
		p, err := ParsePolicy(name)
		if err != nil {
			t.Fatal(err)
		}
		a, b, c := make([]uint8, len(src)), make([]uint8, len(src)), make([]uint8, len(src))
		p.Apply(a, size, src, size, newRand(9))
		p.Apply(b, size, src, size, newRand(9))
		p.Apply(c, size, src, size, newRand(10))
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the same stream gave two images", name)
		}
		if same := bytes.Equal(a, c); same != (name == "none") {
			t.Errorf("%s: another stream gives the same image: %v", name, same)
		}
		if !bytes.Equal(src, before) {
			t.Fatalf("%s: the source was written to", name)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("light,vflip,rotate=30,fill=edge")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		again, err := ParsePolicy(p.String())
		if p.Fill == Reflect { // the same as none
			p.Fill = ""
		}
		if err != nil || again != p {
			t.Errorf("%q: read as %+v, then as %+v, %v", text, p, again, err)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	const size = 150
	src, dst := make([]uint8, 3*size*size), make([]uint8, 3*size*size)
	for i := range src {
		src[i] = uint8(i * 7)
	}
	for _, name := range Names() {
		p, _ := ParsePolicy(name)
		b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
			rng := newRand(1)
			b.ReportAllocs()
			for b.Loop() {
				p.Apply(dst, size, src, size, rng)
			}
		})
	}
}
