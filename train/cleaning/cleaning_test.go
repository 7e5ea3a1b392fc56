package cleaning

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data"
)

// pixels is a body whose features are the pixels of 6 x 6.
type pixels struct{}

func (pixels) Network() string        { return "pixels" }
func (pixels) Prep() imageprep.Config { return imageprep.Config{Size: 6} }

func (pixels) Features(_ context.Context, images []imageprep.Image) (all []float32, err error) {
	for _, img := range images {
		for _, v := range img.Pix {
			all = append(all, float32(v))
		}
	}
	return all, nil
}

// write writes a picture of a kind, all different, with the colour of the kind.
func write(t *testing.T, dir, path string, kind int, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, uint64(kind)))
	img := image.NewRGBA(image.Rect(0, 0, 24, 18))
	for y := range 18 {
		for x := range 24 {
			rgb := [3]int{60, 60, 60}
			rgb[kind] += 90
			for c := range rgb {
				rgb[c] += rng.IntN(60)
				if (x/6+y/6)%2 == int(seed)%2 {
					rgb[c] += rng.IntN(40)
				}
			}
			img.SetRGBA(x, y, color.RGBA{uint8(rgb[0]), uint8(rgb[1]), uint8(rgb[2]), 255})
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	save(t, dir, path, buf.Bytes())
}

func save(t *testing.T, dir, path string, content []byte) {
	t.Helper()
	file := filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

func again(t *testing.T, dir, from, to string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, from))
	if err != nil {
		t.Fatal(err)
	}
	save(t, dir, to, content)
}

var kinds = []string{"blue", "green", "red"} // with the colours 2, 1 and 0

// planted has 20 pictures a class; the pictures 20 and 21 of red lie in green, number 3 of
// blue is there twice, number 4 of blue in green too, and one file is no picture.
func planted(t *testing.T) string {
	dir := t.TempDir()
	for k, name := range kinds {
		for i := range 20 {
			write(t, dir, fmt.Sprintf("%s/%02d.png", name, i), 2-k, uint64(i))
		}
	}
	write(t, dir, "green/20.png", 0, 20)
	write(t, dir, "green/21.png", 0, 21)
	again(t, dir, "blue/03.png", "blue/again.png")
	again(t, dir, "blue/04.png", "green/04b.png")
	save(t, dir, "red/bad.jpg", []byte("no picture"))
	return dir
}

func check(t *testing.T, dir string, o Options) *Report {
	t.Helper()
	set, err := data.Scan(context.Background(), dir, data.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Check(context.Background(), set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWrongLabelsAreFound(t *testing.T) {
	seen := 0
	r := check(t, planted(t), Options{Body: pixels{}, Progress: func(done, total int) { seen = done }})
	want := map[string]string{"green/20.png": "red", "green/21.png": "red", "green/04b.png": "blue"}
	for _, d := range r.Labels.Doubtful {
		if want[d.Path] != d.Likely || d.Label != "green" || d.Probability >= d.LikelyProbability {
			t.Errorf("got %+v", d)
		}
		delete(want, d.Path)
	}
	if len(want) > 0 || seen != r.Labels.Images || r.Labels.Images != 64 {
		t.Errorf("not found: %v, among %d images", want, r.Labels.Images)
	}
}

func TestFixListSaysWhatToLeaveOut(t *testing.T) {
	dir := planted(t)
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"files alone": {Options{}, `path,reason,class,like
red/bad.jpg,"unreadable: not an image, whatever its name says",,
blue/04.png,"same bytes, under two classes",blue,green/04b.png
green/04b.png,"same bytes, under two classes",green,blue/04.png
blue/again.png,same bytes,blue,blue/03.png
`},
		"judged": {Options{Body: pixels{}}, `path,reason,class,like
red/bad.jpg,"unreadable: not an image, whatever its name says",,
green/04b.png,"same bytes, under two classes",green,blue/04.png
blue/again.png,same bytes,blue,blue/03.png
green/20.png,doubtful label,green,red
green/21.png,doubtful label,green,red
`},
	} {
		r := check(t, dir, c.o)
		var out bytes.Buffer
		if err := r.WriteFixList(&out); err != nil {
			t.Fatal(err)
		}
		// The probabilities, and which of two is the more doubtful, are the fit's affair.
		got := regexp.MustCompile(`doubtful label: [^,]*, [^,]*%`).ReplaceAllString(out.String(), "doubtful label")
		got = strings.ReplaceAll(got, `"doubtful label"`, "doubtful label")
		if sorted(got) != sorted(c.want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, c.want)
		}
		// What is written can be read, and leaves a set with nothing to mend.
		file := filepath.Join(t.TempDir(), "fix.csv")
		if err := os.WriteFile(file, out.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		list, err := data.ReadExclusion(file)
		if err != nil {
			t.Fatal(err)
		}
		set, err := data.Scan(context.Background(), dir, data.ScanOptions{Strict: true, Exclude: list})
		if err != nil {
			t.Fatal(err)
		}
		left, err := Check(context.Background(), set, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if left.Bad() != 0 || len(left.Repeated) != 0 || len(set.NotFound) != 0 {
			t.Errorf("%s: left are %+v", name, left.Report)
		}
	}
}

func sorted(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		for j := i; j > 0 && lines[j] < lines[j-1]; j-- {
			lines[j], lines[j-1] = lines[j-1], lines[j]
		}
	}
	return strings.Join(lines, "\n")
}

func TestPageNeedsNoOtherFile(t *testing.T) {
	dir := planted(t)
	save(t, dir, "red/<script>.png", []byte("x"))
	again(t, dir, "red/05.png", "red/<b>&.png")
	r := check(t, dir, Options{Body: pixels{}})
	var out bytes.Buffer
	if err := r.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	// Two pictures in each of three groups, and three with doubtful labels.
	if n := strings.Count(page, `<img src="data:image/jpeg;base64,`); n != 9 {
		t.Errorf("got %d pictures, want 9", n)
	}
	for _, part := range []string{"same bytes, under two classes", "typical red", "red/&lt;b&gt;&amp;.png",
		"{ background-image: url(data:image/jpeg;base64,", "3 groups of repeated pictures", "3 doubtful labels of 65"} {
		if !strings.Contains(page, part) {
			t.Errorf("%q is not on the page", part)
		}
	}
	for _, part := range []string{"http:", "https:", "<script", "<b>&", "ZgotmplZ"} {
		if strings.Contains(page, part) {
			t.Errorf("%q is on the page", part)
		}
	}
}

func TestClassesOfOnePictureAreNotJudged(t *testing.T) {
	dir := planted(t)
	write(t, dir, "single/1.png", 1, 99)
	again(t, dir, "single/1.png", "single/2.png")
	r := check(t, dir, Options{Body: pixels{}})
	if len(r.Labels.NotJudged) != 1 || r.Labels.NotJudged[0] != "single" || r.Labels.Images != 64 {
		t.Errorf("got %v not judged, %d images", r.Labels.NotJudged, r.Labels.Images)
	}
	for _, d := range r.Labels.Doubtful {
		if d.Label != "green" || d.Likely == "single" {
			t.Errorf("got %+v", d)
		}
	}
	small := t.TempDir()
	write(t, small, "a/1.png", 0, 1)
	write(t, small, "b/1.png", 1, 1)
	set, err := data.Scan(context.Background(), small, data.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(context.Background(), set, Options{Body: pixels{}}); err == nil ||
		!strings.Contains(err.Error(), "0 classes have two different pictures or more") {
		t.Errorf("got %v", err)
	}
}

// noise is a body that sees nothing.
type noise struct{ pixels }

func (noise) Features(_ context.Context, images []imageprep.Image) (all []float32, err error) {
	rng := rand.New(rand.NewPCG(uint64(len(images)), 1))
	for range 4 * len(images) {
		all = append(all, rng.Float32())
	}
	return all, nil
}

// TestAWeakJudgeLeavesNothingOut: it says so, and its doubts are in no list.
func TestAWeakJudgeLeavesNothingOut(t *testing.T) {
	r := check(t, planted(t), Options{Body: noise{}})
	var text, list bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteFixList(&list); err != nil {
		t.Fatal(err)
	}
	if !r.Labels.Weak() || !strings.Contains(text.String(), "warning: pixels knows too little") {
		t.Errorf("%.2f agree, and it says %s", r.Labels.Agreement, text.String())
	}
	if strings.Contains(list.String(), "doubtful") || !strings.Contains(list.String(), "blue/04.png") {
		t.Errorf("the list is %s", list.String())
	}
}
