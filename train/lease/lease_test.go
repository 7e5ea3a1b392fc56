package lease

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func take(t *testing.T, k Keeper, path string) *Lease {
	t.Helper()
	l, err := k.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func held(t *testing.T, k Keeper, path string) {
	t.Helper()
	l, err := k.Take(path)
	var h *HeldError
	if !errors.As(err, &h) {
		t.Errorf("got %v, %v, want that another has it", l, err)
	}
}

// abandon leaves a lease as a killed process does.
func (l *Lease) abandon(t *testing.T) {
	t.Helper()
	close(l.end)
	l.beats.Wait()
	if err := l.file.Close(); err != nil {
		t.Fatal(err)
	}
}

// elsewhere is a process on another machine.
func elsewhere(name string) Holder { return Holder{Host: name, Boot: name, PID: 1} }

func TestOneAtATimeHolds(t *testing.T) {
	for _, k := range []Keeper{{}, {unlocked: true}, {linkless: true},
		{unlocked: true, linkless: true}} {
		path := filepath.Join(t.TempDir(), "work", "a")
		var inside, taken atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for done := 0; done < 5; {
					l, err := k.Take(path)
					var h *HeldError
					if errors.As(err, &h) {
						runtime.Gosched()
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					if inside.Add(1) != 1 {
						t.Error("two hold it")
					}
					taken.Add(1)
					inside.Add(-1)
					if err := l.Release(); err != nil {
						t.Error(err)
						return
					}
					done++
				}
			})
		}
		wg.Wait()
		if n := taken.Load(); n != 40 {
			t.Errorf("taken %d times, want 40", n)
		}
		left, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(left) != 1 {
			t.Errorf("got %v, %v, want one file", left, err)
		}
	}
}

// TestFilesOfTheDeadAreSweptAway: what a process that was killed while it took a lease left;
// not what is of this process, of another machine or of another lease.
func TestFilesOfTheDeadAreSweptAway(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Skip("no program to start")
	}
	path := filepath.Join(t.TempDir(), "a")
	host := self().Host
	stay := []string{
		fmt.Sprintf("%s%d-77", temporaries(path, host), os.Getpid()),
		fmt.Sprintf("%s%d-1", temporaries(path, host+"x"), dead.Process.Pid),
		fmt.Sprintf("%s%d-1", temporaries(path+"b", host), dead.Process.Pid),
	}
	goes := fmt.Sprintf("%s%d-1", temporaries(path, host), dead.Process.Pid)
	for _, name := range append(stay, goes) {
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := take(t, Keeper{}, path).Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(goes); runtime.GOOS == "linux" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("that of a dead process: got %v, want that it went", err)
	}
	for _, name := range stay {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAReleasedLeaseIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	l := take(t, Keeper{}, path)
	held(t, Keeper{}, path)
	held(t, Keeper{Holder: elsewhere("b")}, path)
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if l = take(t, Keeper{Holder: elsewhere("b")}, path); l.Crashes != 0 {
		t.Errorf("got %d crashes of one that was released", l.Crashes)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
}

// A holder on another machine is gone when it has not been heard of for long, by the clock
// of the file system.
func TestAnotherMachineIsGoneByAge(t *testing.T) {
	for _, unlocked := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "a")
		take(t, Keeper{Holder: elsewhere("a"), unlocked: unlocked}, path).abandon(t)
		held(t, Keeper{unlocked: unlocked}, path)
		old := time.Now().Add(-2 * Limit)
		if err := os.Chtimes(file(path, 1), old, old); err != nil {
			t.Fatal(err)
		}
		l := take(t, Keeper{unlocked: unlocked}, path)
		if l.Crashes != 1 {
			t.Errorf("got %d crashes, want 1", l.Crashes)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

// A lock that a living process has counts for more than its age: a machine that slept.
func TestALockedLeaseIsHeldHoweverOld(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such locks")
	}
	path := filepath.Join(t.TempDir(), "a")
	l := take(t, Keeper{Beat: time.Hour}, path)
	old := time.Now().Add(-2 * Limit)
	if err := os.Chtimes(file(path, 1), old, old); err != nil {
		t.Fatal(err)
	}
	held(t, Keeper{}, path)
	held(t, Keeper{Holder: elsewhere("b")}, path)
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
}

// TestHolderOfAChild is what the next test starts and kills.
func TestHolderOfAChild(t *testing.T) {
	path := os.Getenv("LEASE_CHILD")
	if path == "" {
		t.Skip("only as the child of another test")
	}
	take(t, Keeper{unlocked: os.Getenv("LEASE_UNLOCKED") != "",
		linkless: os.Getenv("LEASE_LINKLESS") != ""}, path)
	fmt.Println("HELD")
	select {}
}

func TestAKilledHolderOnThisMachineIsGoneAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("processes are not asked for there")
	}
	for _, k := range []Keeper{{}, {unlocked: true}, {linkless: true}} {
		path := filepath.Join(t.TempDir(), "a")
		c := exec.Command(os.Args[0], "-test.run=^TestHolderOfAChild$")
		c.Env = append(os.Environ(), "LEASE_CHILD="+path)
		if k.unlocked {
			c.Env = append(c.Env, "LEASE_UNLOCKED=1")
		}
		if k.linkless {
			c.Env = append(c.Env, "LEASE_LINKLESS=1")
		}
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Kill() // it may have ended
			_ = c.Wait()
		})
		said := make([]byte, 4)
		if _, err := out.Read(said); err != nil || string(said) != "HELD" {
			t.Fatalf("got %q, %v", said, err)
		}
		held(t, k, path)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // says that it was killed
		l := take(t, k, path)
		if l.Crashes != 1 {
			t.Errorf("got %d crashes, want 1", l.Crashes)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAHolderThatWasReplacedStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	l := take(t, Keeper{Beat: time.Millisecond, unlocked: true}, path)
	ctx, cancel := l.Context(t.Context())
	defer cancel()
	if err := os.WriteFile(file(path, 2), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), ErrLost) {
		t.Errorf("got %v, want that it was lost", context.Cause(ctx))
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file(path, 2)); err != nil || len(text) > 0 {
		t.Errorf("the other's file was changed: %q, %v", text, err)
	}
}

// A process that was slow creates a generation again that others had created and removed:
// it does not hold the lease.
func TestAnOldGenerationDoesNotHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for range 3 {
		if err := take(t, Keeper{}, path).Release(); err != nil {
			t.Fatal(err)
		}
	}
	slow := &Lease{path: path, generation: 2}
	if err := os.WriteFile(file(path, 2), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var h *HeldError
	if err := slow.settle(); !errors.As(err, &h) {
		t.Errorf("got %v, want that another has it", err)
	}
	if newest, err := newest(path); err != nil || newest != 3 {
		t.Errorf("got generation %d, %v, want 3", newest, err)
	}
}

// Of two processes that create a generation, one does.
func TestAGenerationIsCreatedOnce(t *testing.T) {
	for _, k := range []Keeper{{}, {linkless: true}} {
		dir := t.TempDir()
		l := &Lease{path: filepath.Join(dir, "a"), generation: 1}
		for _, name := range []string{"a.1", "new"} {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.create(l, filepath.Join(dir, "new")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v, want that there is one", err)
		}
	}
}

// A file that a failing disk damaged is that of a holder without a name.
func TestADamagedLeaseIsFreeByAge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(file(path, 1), []byte(strings.Repeat("x", length)), 0o644); err != nil {
		t.Fatal(err)
	}
	held(t, Keeper{}, path)
	old := time.Now().Add(-2 * Limit)
	if err := os.Chtimes(file(path, 1), old, old); err != nil {
		t.Fatal(err)
	}
	if err := take(t, Keeper{}, path).Release(); err != nil {
		t.Fatal(err)
	}
}

// Who looks at a lease learns who has it, and how often it was left by a crash.
func TestAHolderIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if h, err := (Keeper{}).Held(path); h != nil || err != nil {
		t.Errorf("got %v, %v before there is one", h, err)
	}
	l := take(t, Keeper{}, path)
	if h, err := (Keeper{}).Held(path); err != nil || h == nil || h.PID != os.Getpid() {
		t.Errorf("got %v, %v", h, err)
	}
	if n := Crashes(path, 1); n != 1 {
		t.Errorf("got %d, want the holder that has not given it back", n)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if h, err := (Keeper{}).Held(path); h != nil || err != nil {
		t.Errorf("got %v, %v after its release", h, err)
	}
	take(t, Keeper{Holder: elsewhere("b")}, path).abandon(t)
	if list, err := List(dir); err != nil || len(list) != 1 || list["a"] != 2 {
		t.Errorf("got %v, %v", list, err)
	}
	if n := Crashes(path, 2); n != 1 {
		t.Errorf("got %d crashes, want 1", n)
	}
}
