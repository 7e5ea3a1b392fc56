package sweep

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/model"
	"github.com/flowerctl/flowerctl/train/run"
)

var (
	trials  = flag.Int("trials", 3, "how many trials TestKilledWorkersEndEachTrialOnce has")
	kills   = flag.Int("kills", 3, "how many of its workers are killed")
	workers = flag.Int("workers", 2, "how many work at the same time")
)

// TestWorkerOfAChild is what the next test starts and kills.
func TestWorkerOfAChild(t *testing.T) {
	path, dir, _ := strings.Cut(os.Getenv("SWEEP_CHILD"), "|")
	if dir == "" {
		t.Skip("only as the child of another test")
	}
	f, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), f, Options{Dir: dir, Observer: teller{}, Poll: 20 * time.Millisecond})
	if err == nil {
		err = s.Run(t.Context())
	}
	if err == nil {
		_, err = s.Result()
	}
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("SWEEP DONE")
}

// teller says a line for each moment of a sweep, for whoever kills.
type teller struct{}

func (teller) Progress(train.Progress)         { fmt.Println("STEP") }
func (teller) EpochDone(train.Epoch, bool)     { fmt.Println("EPOCH") }
func (teller) Warn(string)                     {}
func (teller) Reading(int, int)                {}
func (teller) Begin(*Sweep, *Trial, int)       { fmt.Println("BEGIN") }
func (teller) Opened(*run.Session, bool) error { return nil }
func (teller) End(*Sweep, Row)                 { fmt.Println("END") }
func (teller) Waiting(int)                     { fmt.Println("WAITING") }

// worker runs a child until it ends, or kills it at a random moment: after so many lines,
// and a little time. It says whether the child ended.
func worker(file, dir string, lines int, wait time.Duration) (done bool, err error) {
	c := exec.Command(os.Args[0], "-test.run=^TestWorkerOfAChild$")
	c.Env = append(os.Environ(), "SWEEP_CHILD="+file+"|"+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := c.Start(); err != nil {
		return false, err
	}
	var said strings.Builder
	for in := bufio.NewScanner(out); in.Scan(); {
		said.WriteString(in.Text() + "\n")
		if lines--; lines == 0 {
			time.Sleep(wait)
			_ = c.Process.Kill() // it may have ended
		}
	}
	err = c.Wait()
	done = strings.Contains(said.String(), "SWEEP DONE")
	if !done && lines > 0 {
		return false, fmt.Errorf("%w: %s", err, &said)
	}
	return done, nil
}

// TestKilledWorkersEndEachTrialOnce kills processes that work on one sweep at random moments,
// and starts others in their place: each trial ends once, with the metrics and the weights
// that it has when it is trained alone. For longer:
//
//	go test ./train/sweep -run TestKilledWorkers -trials 24 -kills 10
func TestKilledWorkersEndEachTrialOnce(t *testing.T) {
	if os.Getenv("FLOWERCTL_BRIEF") != "" { // another build has done more of them
		*trials, *kills = min(*trials, 2), min(*kills, 1)
	}
	var rates []string
	for i := range *trials {
		rates = append(rates, fmt.Sprint(0.001*float64(i+1)))
	}
	text := fmt.Sprintf(base, ", epochs: 3, batch: 5") + "method: grid\nsettings: {lr: [" + strings.Join(rates, ", ") + "]}\n"
	path, dir := filepath.Join(t.TempDir(), "s.yaml"), filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	type ending struct {
		done bool
		err  error
	}
	ends := make(chan ending)
	begin := func(lines int) {
		wait := time.Duration(random.Int64N(int64(40 * time.Millisecond)))
		go func() {
			done, err := worker(path, dir, lines, wait)
			ends <- ending{done, err}
		}()
	}
	// A trial is about 40 lines.
	next := func(left int) int {
		if left <= 0 {
			return 1 << 30
		}
		return 1 + random.IntN(60)
	}
	killed, started := 0, 0
	for ; started < *workers; started++ {
		begin(next(*kills - started))
	}
	for running := *workers; running > 0; {
		e := <-ends
		if e.err != nil {
			t.Error(e.err)
		}
		if e.err != nil || e.done {
			running--
			continue
		}
		killed++
		begin(next(*kills - started))
		started++
	}
	t.Logf("%d workers were killed", killed)
	if killed == 0 {
		t.Error("none was killed")
	}
	checkOnce(t, dir)
}

// checkOnce compares each trial of a sweep with the same training alone.
func checkOnce(t *testing.T, dir string) {
	t.Helper()
	s, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !exists(filepath.Join(dir, SuccessFile)) || len(s.Plan.Trials) != *trials {
		t.Errorf("the sweep has not ended, or has not %d trials", *trials)
	}
	for i := range s.Plan.Trials {
		trial := &s.Plan.Trials[i]
		weights := likeAlone(t, s, trial)
		f := s.Folder(trial)
		seen := map[int]int{}
		events, err := os.ReadFile(f.File(train.EventsFile))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(events)) {
			var e struct {
				Event string
				Epoch int
			}
			// A line that a killed process began is no JSON.
			if json.Unmarshal([]byte(line), &e) == nil && e.Event == "epoch" {
				seen[e.Epoch]++
			}
		}
		for epoch, n := range seen {
			if n > 1 {
				t.Errorf("trial %d: epoch %d was done %d times", trial.Number, epoch, n)
			}
		}
		got, err := f.Checkpoint(run.Best)
		if err != nil {
			t.Fatal(err)
		}
		sameWeights(t, trial, got.Weights, weights)
	}
}

// sameWeights compares the weights that a trial kept with those of the training alone.
func sameWeights(t *testing.T, trial *Trial, got, want model.Weights) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d weights, want %d", len(got), len(want))
	}
	for name, w := range want {
		if !slices.Equal(got[name].Data, w.Data) {
			t.Errorf("trial %d: %s differs", trial.Number, name)
		}
	}
}
