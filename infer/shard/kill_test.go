package shard

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/answers"
)

var kills = flag.Int("kills", 4, "how often TestAKilledShardLosesAndRepeatsNothing kills")

// TestShardOfAChild is what the next test starts and kills: a shard that takes its time.
func TestShardOfAChild(t *testing.T) {
	path, out, _ := strings.Cut(os.Getenv("SHARD_CHILD"), "|")
	if out == "" {
		t.Skip("only as the child of another test")
	}
	w := prediction(opened(t, path), out, Shard{0, 1}, answers.CSV)
	w.Every = 5 * time.Millisecond
	w.Answer = func(ctx context.Context, all iter.Seq[infer.Picture]) iter.Seq2[infer.Result, error] {
		return func(yield func(infer.Result, error) bool) {
			for r, err := range madeUp(ctx, all) {
				time.Sleep(time.Millisecond)
				if !yield(r, err) {
					return
				}
			}
		}
	}
	fmt.Println(shardBegins)
	if _, err := Run(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	fmt.Println("SHARD DONE")
}

const shardBegins = "SHARD BEGINS"

// words are what a process says; first is called with the first of them.
type words struct {
	strings.Builder
	first func()
}

func (w *words) Write(p []byte) (int, error) {
	if w.Len() == 0 {
		w.first()
	}
	return w.Builder.Write(p)
}

func TestAKilledShardLosesAndRepeatsNothing(t *testing.T) {
	dir := album(t, 200)
	path := manifest(t, named(dir), ListOptions{})
	want := plain(t, answers.CSV, dir)
	out, done, killed := t.TempDir(), 0, 0
	random := rand.New(rand.NewPCG(1, 2))
	for killed < *kills {
		c := exec.Command(os.Args[0], "-test.run=^TestShardOfAChild$")
		c.Env = append(os.Environ(), "SHARD_CHILD="+path+"|"+out)
		// The time runs from when the shard begins: starting a process may take longer.
		var timer *time.Timer
		said := &words{first: func() {
			timer = time.AfterFunc(time.Duration(random.Int64N(int64(600*time.Millisecond))), func() {
				c.Process.Kill()
			})
		}}
		c.Stdout, c.Stderr = said, said
		err := c.Run()
		if timer != nil {
			timer.Stop()
		}
		// A kill may come between the last line and the end of the process.
		whole := strings.Contains(said.String(), "SHARD DONE")
		if !whole && (err == nil || said.String() != shardBegins+"\n") {
			t.Fatalf("got %v, %s", err, said)
		}
		if !whole {
			killed++
			continue
		}
		done++
		merged, err := Merge(t.Context(), out, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := get(t, merged.Result); got != want {
			t.Fatalf("after %d kills: got %.300q, want %.300q", killed, got, want)
		}
		out = t.TempDir() // the next ones are of another folder
	}
	t.Logf("%d kills; %d folders were completed between them", killed, done)
	w := prediction(opened(t, path), out, Shard{0, 1}, answers.CSV)
	if _, err := Run(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(t.Context(), out, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, merged.Result); got != want {
		t.Errorf("got %.300q, want %.300q", got, want)
	}
}
