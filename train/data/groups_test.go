package data

import (
	"fmt"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// TestManyPicturesThatLookAlikeAreNoRepetition: up to a twentieth of a class stays
// together.
func TestManyPicturesThatLookAlikeAreNoRepetition(t *testing.T) {
	for n, together := range map[int]bool{3: true, 4: false} {
		s := made([]int{60, 10}, nil)
		var group []int
		for i := range n {
			group = append(group, i)
		}
		s.Similar = [][]int{group}
		groups, err := s.Groups()
		if err != nil {
			t.Fatal(err)
		}
		if got := len(groups[0]) == n; got != together {
			t.Errorf("%d of 60: the first group is %v", n, groups[0])
		}
	}
}

func TestReportOfARepeatedPicture(t *testing.T) {
	s := made([]int{2, 2}, nil)
	s.Similar = [][]int{{0, 1}, {1, 2}, {2, 3}}
	for i, p := range []Part{Train, Val, Val, Val} {
		s.Items[i].Part = p
	}
	s.Items[3].SHA256 = s.Items[2].SHA256
	want := []Repeated{
		{Files: []string{s.Items[0].Path, s.Items[1].Path}, TwoParts: true},
		{Files: []string{s.Items[1].Path, s.Items[2].Path}, TwoClasses: true},
		{Files: []string{s.Items[2].Path, s.Items[3].Path}, SameBytes: true},
	}
	r := s.Report()
	if got := fmt.Sprint(r.Repeated); got != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if r.Bad() != 2 {
		t.Errorf("%d are bad, want the first two", r.Bad())
	}
}

// TestDrawnFilesLoseLittle: JPEG of quality 92.
func TestDrawnFilesLoseLittle(t *testing.T) {
	const size = 64
	dir := filepath.Join(t.TempDir(), "drawn")
	if err := DrawFolder(t.Context(), dir, DrawOptions{Count: 1, Size: size, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "rose", "00000.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	want, sum := flowers.Draw(flowers.Rose, DrawnSeed(1, 0), size), 0.0
	for i := range size * size {
		_, g, _, _ := img.At(i%size, i/size).RGBA()
		sum += math.Abs(float64(g>>8) - float64(want.Pix[3*i+1]))
	}
	if mean := sum / (size * size); mean > 4 {
		t.Errorf("green is off by %.1f grey levels, want 4 at most", mean)
	}
}
