package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/run"
)

var (
	kills      = flag.Int("kills", 8, "how many runs TestKilledRunsEndTheSame kills")
	interrupts = flag.Int("interrupts", 4, "how many runs TestKilledRunsEndTheSame interrupts")
)

// TestKilledRunsEndTheSame stops runs at random moments, with a kill or with Ctrl-C, and
// goes on with them as a user would: each ends with the weights and the last.ckpt of the
// run that was not stopped. For longer:
//
//	go test -tags=onednn,libjpeg ./cmd/flowerctl -run TestKilledRuns -kills 200 -interrupts 50
func TestKilledRunsEndTheSame(t *testing.T) {
	if brief() {
		endTheSame(t, (*kills+3)/4, (*interrupts+3)/4)
		return
	}
	endTheSame(t, *kills, *interrupts)
}

// TestKilledRollbacksEndTheSame is of runs that go back in their last epoch. Rates of
// learning far too high overflow there and recover or do not, by the rounding of the
// kernels: the first rate and seed are taken with which a run goes back and ends.
func TestKilledRollbacksEndTheSame(t *testing.T) {
	program, err := exec.LookPath("flowerctl")
	if err != nil {
		t.Fatal(err)
	}
	for try := range 60 {
		settings := []string{"--optimizer", "sgd", "--lr", strconv.Itoa(300 + 20*(try%15)), "--seed",
			strconv.Itoa(try / 15), "--on-nan", "rollback"}
		s := stress{t: t, program: program, root: t.TempDir(), more: settings}
		err := s.command("--out", s.dir("run")).Run()
		kept, globErr := filepath.Glob(filepath.Join(s.dir("run"), "bad-*-epoch-*.ckpt"))
		if err == nil && globErr == nil && len(kept) > 0 {
			endTheSame(t, (*kills+3)/4, (*interrupts+3)/4, settings...)
			return
		}
	}
	t.Error("no run went back and ended")
}

// endTheSame stops so many runs with these settings.
func endTheSame(t *testing.T, kills, interrupts int, settings ...string) {
	program, err := exec.LookPath("flowerctl")
	if err != nil {
		t.Fatal(err)
	}
	s := stress{t, program, t.TempDir(), rand.New(rand.NewPCG(1, 2)), settings}
	begin := time.Now()
	if out, err := s.command("--out", s.dir("straight")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	long := time.Since(begin)
	stopped := 0
	for i := range kills + interrupts {
		signal := syscall.SIGKILL
		if i >= kills {
			signal = syscall.SIGINT
		}
		name := fmt.Sprintf("run%d", i)
		stopped += s.run(name, signal, long)
		s.check(name)
		os.RemoveAll(s.dir(name))
	}
	t.Logf("%d runs were stopped %d times", kills+interrupts, stopped)
}

// most is how often a run is stopped at most.
const most = 8

// stress is runs of the same settings in folders of one folder.
type stress struct {
	t       *testing.T
	program string
	root    string
	random  *rand.Rand
	more    []string // settings
}

func (s stress) dir(name string) string { return filepath.Join(s.root, name) }

// command trains a network with more images to validate on than to train on.
func (s stress) command(more ...string) *exec.Cmd {
	return exec.Command(s.program, append([]string{"train", "--drawn", "90", "--arch", "tiny",
		"--size", "32", "--val", "0.7", "--epochs", "4", "--patience", "0", "--threads", "1"}, append(more, s.more...)...)...)
}

// run stops a run at moments up to a time after each start, until it has ended, and
// says how often it was stopped. One that ends too early for that begins again.
func (s stress) run(name string, signal syscall.Signal, long time.Duration) (stopped int) {
	s.t.Helper()
	for {
		cmd := s.next(name)
		if stopped == 0 {
			cmd = s.command("--out", s.dir(name), "--force")
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		wait := time.AfterFunc(time.Duration(s.random.Int64N(int64(long))), func() {
			if signal != 0 {
				cmd.Process.Signal(signal)
			}
		})
		err := cmd.Wait()
		wait.Stop()
		switch {
		case err == nil && stopped > 0:
			return stopped
		case err == nil:
			long = long * 3 / 4
			continue
		}
		if signal == 0 {
			s.t.Fatalf("%s: nothing stopped it: %v: %s", name, err, &out)
		}
		if stopped++; stopped == most {
			signal = 0 // starting takes longer here than the run did: let it end
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
		if signal == syscall.SIGINT && !exit.Sys().(syscall.WaitStatus).Signaled() &&
			!strings.Contains(out.String(), "interrupted") && !strings.Contains(out.String(), "stopped ") {
			s.t.Fatalf("%s: %v: %s", name, err, &out)
		}
	}
}

// next goes on with the run, or starts it where nothing is there to go on from.
func (s stress) next(name string) *exec.Cmd {
	if _, err := os.Stat(filepath.Join(s.dir(name), "last.ckpt")); err != nil {
		return s.command("--out", s.dir(name), "--force")
	}
	return exec.Command(s.program, "train", "--resume", s.dir(name), "--threads", "1")
}

// check compares a run that has ended with the one that was not stopped.
func (s stress) check(name string) {
	s.t.Helper()
	for _, file := range []string{"best.ckpt", "last.ckpt"} {
		want, err := os.ReadFile(filepath.Join(s.dir("straight"), file))
		if err != nil {
			s.t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(s.dir(name), file))
		if err != nil {
			s.t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			s.t.Errorf("%s: %s is not that of the run that was not stopped", name, file)
		}
	}
	left, err := filepath.Glob(filepath.Join(s.dir(name), ".*"))
	// That of the lease that was given back stays, and no other of it.
	if len(left) == 1 && strings.HasPrefix(left[0], run.Folder{Dir: s.dir(name)}.LeasePath()+".") {
		left = nil
	}
	if err != nil || len(left) > 0 {
		s.t.Errorf("%s: %q are left of what was killed, %v", name, left, err)
	}
}
