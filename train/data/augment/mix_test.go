package augment

import (
	"bytes"
	"math"
	"testing"
)

func TestErase(t *testing.T) {
	const size = 60
	rng := newRand(5)
	erased := 0
	for range 2000 {
		dst, src := make([]uint8, 3*size*size), make([]uint8, 3*size*size)
		Policy{Erase: 0.25}.Apply(dst, size, src, size, rng)
		n := 0
		for i := 0; i < len(dst); i += 3 {
			if dst[i] != 0 || dst[i+1] != 0 || dst[i+2] != 0 {
				n++
			}
		}
		if n == 0 {
			continue
		}
		erased++
		if share := float64(n) / (size * size); share < 0.015 || share > 0.21 {
			t.Errorf("erased %.3f of the area, want 0.02 to 0.2", share)
		}
	}
	if erased < 420 || erased > 580 {
		t.Errorf("erased in %d of 2000 images, want about 500", erased)
	}
}

func TestMixupValues(t *testing.T) {
	a, b := []uint8{0, 100, 255}, []uint8{200, 100, 5}
	if got := blend(a, b, 0.75); got != 0.75 {
		t.Errorf("share %v, want 0.75", got)
	}
	if want := []uint8{50, 100, 193}; !bytes.Equal(a, want) {
		t.Errorf("got %v, want %v", a, want)
	}
	if want := []uint8{150, 100, 68}; !bytes.Equal(b, want) {
		t.Errorf("got %v, want %v", b, want)
	}
}

// The share that MixPair returns is the share of the pixels.
func TestMixPairShare(t *testing.T) {
	const size = 20
	for name, p := range map[string]Policy{"mixup": {Mixup: 0.4}, "cutmix": {CutMix: 1}, "tiny alpha": {Mixup: 1e-4}} {
		rng := newRand(6)
		mean := 0.0
		for range 500 {
			a, b := bytes.Repeat([]uint8{200}, 3*size*size), make([]uint8, 3*size*size)
			share := p.MixPair(a, b, size, rng)
			if !(share >= 0.5 && share <= 1) {
				t.Fatalf("%s: share %v", name, share)
			}
			sumA, sumB := 0, 0
			for i := range a {
				sumA, sumB = sumA+int(a[i]), sumB+int(b[i])
			}
			all := float64(200 * len(a))
			if math.Abs(float64(sumA)/all-share) > 0.005 || math.Abs(float64(sumB)/all-1+share) > 0.005 {
				t.Fatalf("%s: share %v, but %v and %v of the pixels", name, share, float64(sumA)/all, float64(sumB)/all)
			}
			mean += share / 500
		}
		// Of the larger share: that of a uniform number is 3/4.
		if name == "cutmix" && math.Abs(mean-0.75) > 0.02 || name == "mixup" && math.Abs(mean-0.84) > 0.02 {
			t.Errorf("%s: mean share %v", name, mean)
		}
	}
	if share := (Policy{FlipH: 1}).MixPair(nil, nil, 0, newRand(1)); share != 1 {
		t.Errorf("a policy that does not mix: share %v, want 1", share)
	}
}

func TestParsePolicy(t *testing.T) {
	for text, want := range map[string]Policy{
		"":                        {},
		"none":                    {},
		"flip,rotate=15,zoom=0.1": {FlipH: 0.5, Rotate: 15, Zoom: 0.1},
		" light , vflip=1":        {FlipH: 0.5, FlipV: 1, Rotate: 10, Zoom: 0.1, Shift: 0.05, Brightness: 0.15, Contrast: 0.15, Saturation: 0.15},
		"report-1":                {FlipH: 0.5, Rotate: 15, Zoom: 0.1, Fill: Edge},
		"report-2,flip=0":         {FlipV: 0.5, Rotate: 15, Zoom: 0.1, Fill: Edge},
		"crop,fill=edge":          {Crop: 0.35, Fill: Edge},
		"mixup,cutmix=2":          {Mixup: 0.2, CutMix: 2},
	} {
		got, err := ParsePolicy(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
			continue
		}
		if again, err := ParsePolicy(got.String()); err != nil || again != got {
			t.Errorf("%q: as text %q, which reads as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"heavy", "rotate", "rotate=", "rotate=x", "rotate=NaN", "rotate=181",
		"flip=2", "zoom=-1", "zoom=1", "fill=black", "flip,light", "flip,,vflip", "crop=Inf"} {
		if p, err := ParsePolicy(text); err == nil {
			t.Errorf("%q: read as %+v, want an error", text, p)
		}
	}
}

// TestBrightnessOfGreyIsNotContrast: contrast moves colours about the mean, so that
// an even grey changes by the brightness alone.
func TestBrightnessOfGreyIsNotContrast(t *testing.T) {
	rng := newRand(8)
	factor := span{}
	for range 2000 {
		m, lift := Policy{Brightness: 0.5, Contrast: 0.9}.drawColour(rng)
		factor.add(m[1][0] + m[1][1] + m[1][2] + lift)
	}
	factor.want(t, "brightness of grey", 0.5, 1.5)
}

// TestOptionsWithoutANumber stand for these.
func TestOptionsWithoutANumber(t *testing.T) {
	p, err := ParsePolicy("flip,vflip,crop,erase,mixup,cutmix")
	if want := (Policy{FlipH: 0.5, FlipV: 0.5, Crop: 0.35, Erase: 0.25, Mixup: 0.2, CutMix: 1}); err != nil || p != want {
		t.Errorf("got %+v, %v, want %+v", p, err, want)
	}
}
