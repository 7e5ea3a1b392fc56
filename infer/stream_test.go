package infer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// gray is a PNG of one grey level.
func gray(t *testing.T, level uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 4, 4))
	for i := range img.Pix {
		img.Pix[i] = level
	}
	img.SetGray(0, 0, color.Gray{Y: level})
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

var square = imageprep.Config{Size: 4}

// echo answers with an image's grey level, and notes the sizes of its batches.
func echo(sizes *[]int) Classify {
	return func(_ context.Context, images []imageprep.Image) ([]Answer, error) {
		*sizes = append(*sizes, len(images))
		var answers []Answer
		for _, img := range images {
			answers = append(answers, Answer{Probabilities: []float32{float32(img.Pix[0])}})
		}
		return answers, nil
	}
}

func TestStreamKeepsTheOrderAndGoesOnAfterBadPictures(t *testing.T) {
	var pictures []Picture
	for i := range 50 {
		p := Picture{Name: fmt.Sprint(i), Tag: i, Data: gray(t, uint8(i))}
		switch i % 10 {
		case 3:
			p.Data = []byte("hello")
		case 7:
			p.Data, p.Err = nil, errors.New("known")
		case 8:
			p.Data, p.Name = nil, "/nonexistent.png"
		}
		pictures = append(pictures, p)
	}
	neverLate(t)
	var sizes []int
	var got int
	for r, err := range Stream(t.Context(), Engine{Prep: square, Classify: echo(&sizes)}, slices.Values(pictures), 8) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Tag != got {
			t.Fatalf("got picture %d, want %d", r.Tag, got)
		}
		bad := got%10 == 3 || got%10 == 7 || got%10 == 8
		if bad != (r.Err != nil) || !bad && r.Answer.Probabilities[0] != float32(got) {
			t.Errorf("picture %d: got %v, %v", got, r.Answer, r.Err)
		}
		got++
	}
	if got != 50 {
		t.Errorf("got %d results, want 50", got)
	}
	if want := []int{8, 8, 8, 8, 3}; !slices.Equal(sizes, want) {
		t.Errorf("got batches of %v, want %v", sizes, want)
	}
}

// neverLate has batches wait for pictures, however busy the machine is.
func neverLate(t *testing.T) {
	come, decoded := patience, decodingPatience
	patience, decodingPatience = time.Hour, time.Hour
	t.Cleanup(func() { patience, decodingPatience = come, decoded })
}

// The first runs wait for one another, and the first of all for a later one to
// end: answers stay in order.
func TestStreamKeepsTheOrderOfRunsThatOverlap(t *testing.T) {
	const runs, batches = 3, 12
	var started atomic.Int32
	together, later := make(chan struct{}), make(chan struct{})
	classify := func(_ context.Context, images []imageprep.Image) ([]Answer, error) {
		n := started.Add(1)
		if n == runs {
			close(together)
		}
		<-together
		switch images[0].Pix[0] {
		case 0:
			<-later
		case 1:
			close(later)
		}
		return []Answer{{Probabilities: []float32{float32(images[0].Pix[0])}}}, nil
	}
	var pictures []Picture
	for i := range batches {
		pictures = append(pictures, Picture{Tag: i, Data: gray(t, uint8(i))})
	}
	got := 0
	for r, err := range Stream(t.Context(), Engine{Prep: square, Classify: classify, Runs: runs}, slices.Values(pictures), 1) {
		if err != nil || r.Tag != got || r.Answer.Probabilities[0] != float32(got) {
			t.Fatalf("got picture %d, %v, %v, want %d", r.Tag, r.Answer, err, got)
		}
		got++
	}
	if got != batches {
		t.Errorf("got %d answers, want %d", got, batches)
	}
}

// Whoever leaves a stream may close the engine: no run is left behind.
func TestNoRunOutlivesTheStream(t *testing.T) {
	var running atomic.Int32
	classify := func(ctx context.Context, images []imageprep.Image) ([]Answer, error) {
		running.Add(1)
		defer running.Add(-1)
		if images[0].Pix[0] > 0 {
			<-ctx.Done()
			time.Sleep(10 * time.Millisecond)
			return nil, ctx.Err()
		}
		return make([]Answer, len(images)), nil
	}
	pictures := []Picture{{Data: gray(t, 0)}, {Data: gray(t, 1)}, {Data: gray(t, 2)}, {Data: gray(t, 3)}}
	for _, err := range Stream(t.Context(), Engine{Prep: square, Classify: classify, Runs: 3}, slices.Values(pictures), 1) {
		if err != nil {
			t.Fatal(err)
		}
		for running.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		break
	}
	if n := running.Load(); n != 0 {
		t.Errorf("%d runs go on after the stream was left", n)
	}
}

func TestStreamAnswersWhatIsThereWhenPicturesComeSlowly(t *testing.T) {
	answered := make(chan int)
	slow := func(yield func(Picture) bool) {
		for i := range 3 {
			if !yield(Picture{Tag: i, Data: gray(t, 9)}) {
				return
			}
			if got := <-answered; got != i { // only then comes the next
				t.Errorf("got %d, want %d", got, i)
			}
		}
	}
	var sizes []int
	for r, err := range Stream(t.Context(), Engine{Prep: square, Classify: echo(&sizes)}, slow, 8) {
		if err != nil {
			t.Fatal(err)
		}
		answered <- r.Tag
	}
	if want := []int{1, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("got batches of %v, want %v", sizes, want)
	}
}

// held gives its bytes when it may.
type held struct {
	may  chan struct{}
	data io.Reader
}

func (h held) Read(p []byte) (int, error) {
	<-h.may
	return h.data.Read(p)
}

func TestStreamAnswersWhatIsThereWhileAPictureIsNotDecoded(t *testing.T) {
	slow := held{make(chan struct{}), bytes.NewReader(gray(t, 2))}
	pictures := []Picture{{Tag: 0, Data: gray(t, 1)}, {Tag: 1, Name: "-", Reader: slow}, {Tag: 2, Data: gray(t, 3)}}
	var sizes []int
	next := 0
	for r, err := range Stream(t.Context(), Engine{Prep: square, Classify: echo(&sizes)}, slices.Values(pictures), 8) {
		if err != nil || r.Err != nil || r.Tag != next || r.Answer.Probabilities[0] != float32(next+1) {
			t.Fatalf("got picture %d, %v, %v, %v, want %d", r.Tag, r.Answer, r.Err, err, next)
		}
		if next++; next == 1 { // only now can the second be read
			close(slow.may)
		}
	}
	if next != 3 {
		t.Errorf("got %d answers, want 3", next)
	}
}

// crowd is opened when so many of it are being opened at the same time.
type crowd struct {
	ctx  context.Context
	left *atomic.Int32
	all  chan struct{}
	data []byte
}

func (c crowd) Open() (io.ReadCloser, error) {
	if c.left.Add(-1) == 0 {
		close(c.all)
	}
	select {
	case <-c.all:
		return io.NopCloser(bytes.NewReader(c.data)), nil
	case <-c.ctx.Done():
		return nil, c.ctx.Err()
	}
}

// TestPicturesAreWaitedForTogether: as many as Decoders, however few cores there are.
func TestPicturesAreWaitedForTogether(t *testing.T) {
	together := 3 * runtime.GOMAXPROCS(0)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // where they never meet
	defer cancel()
	c := crowd{ctx, new(atomic.Int32), make(chan struct{}), gray(t, 1)}
	c.left.Store(int32(together))
	var sizes []int
	e := Engine{Prep: square, Classify: echo(&sizes), Decoders: together}
	n := 0
	for r, err := range Stream(t.Context(), e, slices.Values(slices.Repeat([]Picture{{From: c}}, together)), 4) {
		if n++; err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
	}
	if n != together {
		t.Errorf("got %d of %d", n, together)
	}
}

func TestStreamEndsWithTheEnginesError(t *testing.T) {
	broken := errors.New("broken")
	classify := func(context.Context, []imageprep.Image) ([]Answer, error) { return nil, broken }
	var errs []error
	for _, err := range Stream(t.Context(), Engine{Prep: square, Classify: classify}, endless(t), 4) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], broken) {
		t.Errorf("got %v, want one error", errs)
	}
}

func TestStreamEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	var sizes []int
	var last error
	for _, err := range Stream(ctx, Engine{Prep: square, Classify: echo(&sizes)}, endless(t), 4) {
		last = err
	}
	if !errors.Is(last, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", last)
	}
}

func TestStreamMayBeLeft(t *testing.T) {
	var sizes []int
	n := 0
	for range Stream(t.Context(), Engine{Prep: square, Classify: echo(&sizes)}, endless(t), 4) {
		if n++; n == 10 {
			break
		}
	}
	if n != 10 {
		t.Errorf("got %d results, want 10", n)
	}
}

func endless(t *testing.T) iter.Seq[Picture] {
	data := gray(t, 1)
	return func(yield func(Picture) bool) {
		for yield(Picture{Data: data}) {
		}
	}
}
