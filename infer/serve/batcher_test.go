package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// stepped is a network that answers when the test says so. A picture's answer is the
// value of its first byte; 255 makes a run fail.
type stepped struct {
	runs chan []uint8  // what a run has taken
	goOn chan struct{} // ends a run
}

func newStepped() *stepped {
	return &stepped{runs: make(chan []uint8, 100), goOn: make(chan struct{})}
}

var errRun = errors.New("cannot run")

func (s *stepped) classify(_ context.Context, images []imageprep.Image) ([]infer.Answer, error) {
	values := make([]uint8, len(images))
	for i, img := range images {
		values[i] = img.Pix[0]
	}
	s.runs <- values
	<-s.goOn
	if slices.Contains(values, 255) {
		return nil, errRun
	}
	answers := make([]infer.Answer, len(images))
	for i, v := range values {
		answers[i] = infer.NewAnswers([]string{"value"}, []float32{float32(v)})[0]
	}
	return answers, nil
}

// ask asks for pictures of these values in a goroutine of its own, and waits until
// they are in the queue.
func ask(ctx context.Context, b *batcher, values ...uint8) <-chan string {
	images := make([]imageprep.Image, len(values))
	for i, v := range values {
		images[i] = imageprep.Image{W: 1, H: 1, Pix: []uint8{v, v, v}}
	}
	said := make(chan string, 1)
	go func() {
		out, err := b.answer(ctx, images)
		text := fmt.Sprint(err)
		for _, o := range out {
			if o.err != nil {
				text += fmt.Sprint(" ", o.err)
				continue
			}
			text += fmt.Sprint(" ", o.answer.Probabilities[0])
		}
		said <- text
	}()
	synctest.Wait()
	return said
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAFreeWorkerTakesAllThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStepped()
		b := newBatcher(s.classify, 1, 4, 100, 0)
		first := ask(t.Context(), b, 1)
		want(t, fmt.Sprint(<-s.runs), "[1]")
		var rest []<-chan string
		for v := uint8(2); v < 8; v++ {
			rest = append(rest, ask(t.Context(), b, v))
		}
		s.goOn <- struct{}{}
		want(t, <-first, "<nil> 1")
		want(t, fmt.Sprint(<-s.runs), "[2 3 4 5]")
		s.goOn <- struct{}{}
		want(t, fmt.Sprint(<-s.runs), "[6 7]")
		s.goOn <- struct{}{}
		for i, r := range rest {
			want(t, <-r, fmt.Sprintf("<nil> %d", i+2))
		}
		synctest.Wait()
		if b.working != 0 {
			t.Errorf("%d workers are left", b.working)
		}
	})
}

func TestARequestOfManyPicturesIsSplitAndJoinedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStepped()
		b := newBatcher(s.classify, 1, 3, 100, 0)
		many := ask(t.Context(), b, 1, 2, 3, 4, 5, 6, 7)
		want(t, fmt.Sprint(<-s.runs), "[1 2 3]")
		one := ask(t.Context(), b, 8)
		s.goOn <- struct{}{}
		want(t, fmt.Sprint(<-s.runs), "[4 8 5]")
		late := ask(t.Context(), b, 9)
		close(s.goOn)
		want(t, <-one, "<nil> 8")
		want(t, <-late, "<nil> 9")
		want(t, <-many, "<nil> 1 2 3 4 5 6 7")
	})
}

func TestOneBadPictureFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStepped()
		b := newBatcher(s.classify, 1, 8, 100, 0)
		first := ask(t.Context(), b, 0)
		bad, good := ask(t.Context(), b, 1, 255), ask(t.Context(), b, 2)
		close(s.goOn)
		want(t, <-first, "<nil> 0")
		want(t, <-bad, "<nil> 1 cannot run")
		want(t, <-good, "<nil> 2")
	})
}

func TestWhoGaveUpIsNeverRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStepped()
		b := newBatcher(s.classify, 1, 8, 100, 0)
		first := ask(t.Context(), b, 1)
		<-s.runs
		cancelled, cancel := context.WithCancel(t.Context())
		expired, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		two, three := ask(cancelled, b, 2, 2), ask(expired, b, 3)
		four := ask(t.Context(), b, 4)
		cancel()
		want(t, <-two, "context canceled")
		start := time.Now()
		want(t, <-three, "context deadline exceeded")
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("the deadline was a second, the answer came after %v", waited)
		}
		close(s.goOn)
		want(t, fmt.Sprint(<-s.runs), "[4]")
		want(t, <-four, "<nil> 4")
		want(t, <-first, "<nil> 1")
	})
}

func TestManyPicturesDoNotHoldUpOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStepped()
		b := newBatcher(s.classify, 1, 4, 100, 0)
		first := ask(t.Context(), b, 0)
		<-s.runs
		many := ask(t.Context(), b, slices.Repeat([]uint8{1}, 32)...)
		two, three := ask(t.Context(), b, 2), ask(t.Context(), b, 3)
		s.goOn <- struct{}{}
		want(t, fmt.Sprint(<-s.runs), "[1 2 3 1]")
		close(s.goOn)
		for _, c := range []<-chan string{first, many, two, three} {
			<-c
		}
	})
}

func TestPatienceFillsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStepped()
		b := newBatcher(s.classify, 1, 3, 100, 10*time.Millisecond)
		start := time.Now()
		one := ask(t.Context(), b, 1)
		two := ask(t.Context(), b, 2)
		want(t, fmt.Sprint(<-s.runs), "[1 2]") // after patience
		if waited := time.Since(start); waited != 10*time.Millisecond {
			t.Errorf("waited %v, want 10ms", waited)
		}
		close(s.goOn)
		<-one
		<-two
		start = time.Now()
		three := ask(t.Context(), b, 3, 4, 5)
		want(t, fmt.Sprint(<-s.runs), "[3 4 5]") // at once: it is full
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a full run waited %v", waited)
		}
		<-three
	})
}

func TestManyClientsGetTheirOwnAnswers(t *testing.T) {
	s := newStepped()
	close(s.goOn)
	go func() {
		for range s.runs {
		}
	}()
	b := newBatcher(s.classify, 2, 8, 10_000, 0)
	var clients sync.WaitGroup
	for c := range 32 {
		clients.Go(func() {
			for n := range 50 {
				value := uint8((c*7 + n) % 250)
				images := slices.Repeat([]imageprep.Image{{W: 1, H: 1, Pix: []uint8{value, 0, 0}}}, n%9+1)
				out, err := b.answer(context.Background(), images)
				if err != nil || len(out) != len(images) {
					t.Errorf("got %d answers for %d pictures: %v", len(out), len(images), err)
					return
				}
				for _, o := range out {
					if o.answer.Probabilities[0] != float32(value) {
						t.Errorf("got %v, want %d", o.answer.Probabilities, value)
					}
				}
			}
		})
	}
	clients.Wait()
	close(s.runs)
}

func TestARequestOfManyPicturesHasAllWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStepped()
		b := newBatcher(s.classify, 3, 3, 100, 0)
		few := ask(t.Context(), b, 1, 2, 3)
		synctest.Wait()
		if b.working != 1 {
			t.Errorf("%d workers for one run", b.working)
		}
		many := ask(t.Context(), b, 4, 5, 6, 7)
		synctest.Wait()
		if b.working != 3 {
			t.Errorf("%d workers for three runs", b.working)
		}
		close(s.goOn)
		want(t, <-few, "<nil> 1 2 3")
		want(t, <-many, "<nil> 4 5 6 7")
	})
}

// TestALoneRunIsOneBesideWhichThereIsNothing that runs, waits, or is decoded.
func TestALoneRunIsOneBesideWhichThereIsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, lone := newStepped(), newStepped()
		b := newBatcher(s.classify, 2, 2, 100, 0)
		b.lone = lone.classify
		first := ask(t.Context(), b, 1, 2)
		want(t, fmt.Sprint(<-lone.runs), "[1 2]")
		second := ask(t.Context(), b, 3) // beside the first
		want(t, fmt.Sprint(<-s.runs), "[3]")
		close(s.goOn)
		close(lone.goOn)
		<-first
		<-second
		synctest.Wait()
		many := ask(t.Context(), b, 4, 5, 6)
		want(t, fmt.Sprint(len(<-s.runs)+len(<-s.runs)), "3")
		<-many
		synctest.Wait()
		decoded, _ := b.admit()
		own, _ := b.admit()
		third := ask(t.Context(), b, 7) // has room, as one that is decoded has
		want(t, fmt.Sprint(<-s.runs), "[7]")
		<-third
		decoded.release()
		synctest.Wait()
		fourth := ask(t.Context(), b, 8)
		want(t, fmt.Sprint(<-lone.runs), "[8]")
		<-fourth
		own.release()
	})
}
