package infer

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
)

func TestALonePictureGetsTheSameBits(t *testing.T) {
	onnxruntime.Need(t)
	const most = 5
	for threads := 2; threads <= 4; threads++ {
		c, err := New(drawn.Model(), Options{Many: true, LoneThreads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if c.lone == nil {
			t.Fatalf("%d threads: not opened for them", threads)
		}
		random := rand.New(rand.NewPCG(1, 2))
		size := c.Preprocess().Size
		var images []imageprep.Image
		for range most {
			img := imageprep.Image{W: size, H: size, Pix: make([]uint8, 3*size*size)}
			for i := range img.Pix {
				img.Pix[i] = uint8(random.IntN(256))
			}
			images = append(images, img)
		}
		for n := 1; n <= most; n++ {
			many, errMany := c.Classify(t.Context(), images[:n])
			lone, errLone := c.ClassifyLone(t.Context(), images[:n])
			if errMany != nil || errLone != nil {
				t.Fatal(errMany, errLone)
			}
			for i := range many {
				if a, b := fmt.Sprint(many[i].Probabilities), fmt.Sprint(lone[i].Probabilities); a != b {
					t.Errorf("%d threads, picture %d of %d: got %s, with one thread %s", threads, i, n, b, a)
				}
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAModelIsOpenedTwiceWhereItHelpsAlone(t *testing.T) {
	onnxruntime.Need(t)
	for _, test := range []struct {
		o     Options
		twice bool
	}{
		{Options{Many: true, LoneThreads: 2}, true},
		{Options{Many: true, LoneThreads: 1}, false},
		{Options{Many: true}, false},
		{Options{LoneThreads: 2}, false}, // all cores work on a run already
		{Options{Many: true, LoneThreads: 2, Session: ort.Options{Threads: 2}}, false},
	} {
		c, err := New(drawn.Model(), test.o)
		if err != nil {
			t.Fatal(err)
		}
		if (c.lone != nil) != test.twice {
			t.Errorf("%+v: opened twice: %v, want %v", test.o, c.lone != nil, test.twice)
		}
		size := c.Preprocess().Size
		grey := imageprep.Image{W: size, H: size, Pix: make([]uint8, 3*size*size)}
		if _, err := c.ClassifyLone(t.Context(), []imageprep.Image{grey}); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
