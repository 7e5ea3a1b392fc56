package serve

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// timed is a batcher whose runs take 10 ms for each picture, by the clock of synctest, and
// what they have taken.
func timed(runs, size int) (*batcher, *[]int) {
	var mu sync.Mutex
	var sizes []int
	return newBatcher(func(_ context.Context, images []imageprep.Image) ([]infer.Answer, error) {
		mu.Lock()
		sizes = append(sizes, len(images))
		mu.Unlock()
		time.Sleep(time.Duration(len(images)) * 10 * time.Millisecond)
		return infer.NewAnswers([]string{"one"}, make([]float32, len(images))), nil
	}, runs, size, 100, 0), &sizes
}

// within asks with a deadline, and says what was answered and after how long.
func within(t *testing.T, b *batcher, deadline time.Duration, values ...uint8) <-chan string {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	start := time.Now()
	said, told := ask(ctx, b, values...), make(chan string, 1)
	go func() { told <- fmt.Sprint(<-said, " after ", time.Since(start)) }()
	return told
}

const late = "no answer within the deadline: the network takes longer than is left"

func TestARunThatWouldEndTooLateIsNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, sizes := timed(1, 2)
		for n := 1; n <= 2; n++ { // it learns how long they take
			<-ask(t.Context(), b, make([]uint8, n)...)
		}
		want(t, <-within(t, b, 9*time.Millisecond, 0), late+" after 0s")
		want(t, <-within(t, b, 10*time.Millisecond, 0, 0), late+" after 0s")
		want(t, <-within(t, b, 11*time.Millisecond, 0), "<nil> 0 after 10ms")
		want(t, fmt.Sprint(*sizes), "[1 2 1]")

		// While a run of 20 ms goes on, two come that would be in the next one.
		first := ask(t.Context(), b, 0, 0)
		short, long, longer := within(t, b, 35*time.Millisecond, 0),
			within(t, b, 45*time.Millisecond, 0), within(t, b, time.Second, 0)
		<-first
		want(t, <-short, late+" after 20ms")
		want(t, <-long, "<nil> 0 after 40ms")
		want(t, <-longer, "<nil> 0 after 40ms") // in the place of the one that was refused
		want(t, fmt.Sprint(*sizes), "[1 2 1 2 2]")
	})
}

func TestARequestWhoseRestIsTooLateIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, sizes := timed(2, 2)
		<-ask(t.Context(), b, 0)
		<-ask(t.Context(), b, 0, 0)
		*sizes = nil
		// Four pictures are on their way when the rest is refused: two runs of two, then one.
		want(t, <-within(t, b, 25*time.Millisecond, 0, 0, 0, 0, 0), late+" after 20ms")
		synctest.Wait()
		if len(b.requests) != 0 || b.working != 0 {
			t.Errorf("%d requests and %d workers are left", len(b.requests), b.working)
		}
		want(t, fmt.Sprint(*sizes), "[2 2]")
	})
}

func TestWhatARunIsExpectedToTake(t *testing.T) {
	b := newBatcher(nil, 1, 8, 100, 0)
	if n := b.expected(8); n != 0 || b.took[n] != 0 {
		t.Errorf("nothing was run: got %v of size %d", b.took[n], n)
	}
	b.learn(2, 80)
	b.learn(4, 100)
	for n, size := range map[int]int{1: 0, 2: 2, 3: 2, 4: 4, 8: 4} {
		if got := b.expected(n); got != size {
			t.Errorf("%d pictures: the time of size %d is expected, want that of %d", n, got, size)
		}
	}
	b.learn(2, 160)
	if b.took[2] != 160 {
		t.Errorf("after a slow run: got %v, want 160", b.took[2])
	}
	b.learn(2, 80)
	if b.took[2] != 150 {
		t.Errorf("after a fast run: got %v, want 150", b.took[2])
	}
}

// TestDeadlinesThatWereTooCloseAreTriedAgain once the model was slow and nobody asks with
// another.
func TestDeadlinesThatWereTooCloseAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := timed(1, 1)
		b.learn(1, time.Second)
		tries := 1
		for ; <-within(t, b, 20*time.Millisecond, 0) != "<nil> 0 after 10ms"; tries++ {
		}
		if tries < 10 || tries > 100 { // 20/1000 is 15/16 to the 61st
			t.Errorf("the first run came after %d tries, want about 62", tries)
		}
	})
}
