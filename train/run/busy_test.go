package run

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/lease"
)

// contents are the files of a folder, without those of its lease.
func contents(t *testing.T, f Folder) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(f.LeasePath())) {
			continue
		}
		text, err := os.ReadFile(f.File(e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}

func TestATrainingIsRefusedWhereAnotherIsAtWork(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "run")}
	session, err := Open(t.Context(), small(), Options{Dir: f.Dir})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	l, err := f.Hold()
	if err != nil {
		t.Fatal(err)
	}
	var busy *BusyError
	if err := f.Free(); !errors.As(err, &busy) {
		t.Errorf("got %v, want that the folder is not free", err)
	}
	if _, err := Open(t.Context(), small(), Options{Dir: f.Dir}); !errors.As(err, &busy) {
		t.Errorf("got %v, want that it is found before images are read", err)
	}
	if _, err := session.Train(t.Context()); !errors.As(err, &busy) || busy.PID != os.Getpid() || busy.Dir != f.Dir {
		t.Errorf("got %v, want that this process is at work", err)
	}
	if hint := busy.Hint(); strings.Contains(hint, "gone") {
		t.Errorf("of a process on this machine: got hint %q", hint)
	}
	busy.Host = "elsewhere"
	if hint := busy.Hint(); !strings.Contains(hint, "free a minute after") {
		t.Errorf("of one elsewhere: got hint %q", hint)
	}
	if there := contents(t, f); len(there) > 0 {
		t.Errorf("it wrote %v", there)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Train(t.Context()); err != nil {
		t.Errorf("when that one had ended: got %v", err)
	}
	if _, err := session.Train(t.Context()); err != nil {
		t.Errorf("once more: got %v", err)
	}
}

// TestARewrittenFileIsAnother, in its place or as another file, though of the same time.
func TestARewrittenFileIsAnother(t *testing.T) {
	path, beside := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	if !same(path, nil) {
		t.Error("a file that was not there, and is not")
	}
	if err := errors.Join(os.WriteFile(path, nil, 0o666), os.WriteFile(beside, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	was, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !same(path, was) || same(path, nil) {
		t.Error("a file is not as it was, or is one that was not there")
	}
	at := was.ModTime()
	if err := os.Chtimes(beside, at, at); err != nil {
		t.Fatal(err)
	}
	if same(beside, was) {
		t.Error("another file of the same time")
	}
	if err := os.Chtimes(path, at, at.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if same(path, was) {
		t.Error("a file that was written again in its place")
	}
}

// thief takes a run's folder over after an epoch, as another machine does that has not heard
// of the holder.
type thief struct {
	stopAt
	t      *testing.T
	folder Folder
	then   map[string]string // what was in the folder
}

func (h *thief) EpochDone(train.Epoch, bool) {
	if h.then != nil {
		return
	}
	if err := os.WriteFile(h.folder.LeasePath()+".2", nil, 0o666); err != nil {
		h.t.Error(err)
	}
	h.then = contents(h.t, h.folder)
}

func TestATrainingThatLostItsFolderWritesNothingMore(t *testing.T) {
	h := &thief{t: t, folder: Folder{filepath.Join(t.TempDir(), "run")}}
	s := small()
	s.Epochs = 3
	session, err := Open(t.Context(), s, Options{Dir: h.folder.Dir, Observer: h})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := session.Train(t.Context()); !errors.Is(err, lease.ErrLost) || !strings.HasPrefix(err.Error(), h.folder.Dir+": ") {
		t.Errorf("got %v, want that the lease was lost", err)
	}
	if h.then == nil || !reflect.DeepEqual(contents(t, h.folder), h.then) {
		t.Error("the folder has other files than those when it was lost")
	}
}

// TestWhatComesAfterTheLastEpochIsNotWrittenIntoALostFolder: a head that is fitted again, with
// its answers for the test images, and the report. The folder is lost when it was asked for so
// many times after the last event.
func TestWhatComesAfterTheLastEpochIsNotWrittenIntoALostFolder(t *testing.T) {
	for name, c := range map[string]struct {
		head  bool
		times int
	}{"report": {false, 0}, "head": {true, 0}, "test of the head": {true, 1}, "report of the head": {true, 2}} {
		s, o := small(), Options{Dir: filepath.Join(t.TempDir(), "run")}
		if c.head {
			s = colourSettings(0)
			o, _ = onColours(t, 0)
		}
		session, err := Open(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		f, asked := Folder{o.Dir}, 0
		var then map[string]string
		_, err = session.train(t.Context(), f, func() error {
			events, _ := os.ReadFile(f.File(train.EventsFile)) // none before the first event
			if !strings.Contains(string(events), `"event":"end"`) {
				return nil
			}
			if asked++; asked <= c.times {
				return nil
			}
			if then == nil {
				then = contents(t, f)
			}
			return lease.ErrLost
		})
		if !errors.Is(err, lease.ErrLost) {
			t.Errorf("%s: got %v, want that the lease was lost", name, err)
		}
		if then == nil || !reflect.DeepEqual(contents(t, f), then) {
			t.Errorf("%s: the folder has other files than those when it was lost", name)
		}
	}
}

// TestANewRunIsNotWrittenOverOneThatCameMeanwhile: the folder was looked at before images
// were read.
func TestANewRunIsNotWrittenOverOneThatCameMeanwhile(t *testing.T) {
	for _, holds := range []bool{false, true} {
		f := Folder{filepath.Join(t.TempDir(), "run")}
		s := small()
		if holds {
			trainIn(t, s, f)
		}
		session, err := Open(t.Context(), s, Options{Dir: f.Dir})
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		trainIn(t, s, f)
		want := contents(t, f)
		if _, err := session.Train(t.Context()); err == nil || !strings.Contains(err.Error(), "another process has trained there") {
			t.Errorf("got %v", err)
		}
		if !reflect.DeepEqual(contents(t, f), want) {
			t.Error("the other run's files were changed")
		}
	}
}

// TestARunWithoutALeaseIsGoneOnWith: one of a version that had none.
func TestARunWithoutALeaseIsGoneOnWith(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "run")}
	s := small()
	trainIn(t, s, f)
	leases, err := filepath.Glob(f.LeasePath() + ".*")
	if err != nil || len(leases) != 1 {
		t.Fatalf("got %v, %v, want the lease", leases, err)
	}
	if err := os.Remove(leases[0]); err != nil {
		t.Fatal(err)
	}
	r, err := f.Resume()
	if err != nil {
		t.Fatal(err)
	}
	s.Epochs++
	session, err := Open(t.Context(), s, Options{Dir: f.Dir, Resume: r})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if o, err := session.Train(t.Context()); err != nil || len(o.History) != s.Epochs {
		t.Errorf("got %+v, %v, want one epoch more", o, err)
	}
}

// TestAStaleCheckpointIsNotGoneOnFrom: one that another process wrote over since it was read.
func TestAStaleCheckpointIsNotGoneOnFrom(t *testing.T) {
	f := Folder{filepath.Join(t.TempDir(), "run")}
	s := small()
	trainIn(t, s, f)
	stale, err := f.Resume()
	if err != nil {
		t.Fatal(err)
	}
	fresh := *stale
	s.Seed = 2
	trainIn(t, s, f) // as with --force
	want := contents(t, f)
	s.Seed, s.Epochs = 1, 3
	session, err := Open(t.Context(), s, Options{Dir: f.Dir, Resume: &fresh})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := session.Train(t.Context()); err == nil || !strings.Contains(err.Error(), "another process has written last.ckpt") {
		t.Errorf("got %v", err)
	}
	if !reflect.DeepEqual(contents(t, f), want) {
		t.Error("the other run's files were changed")
	}
}
