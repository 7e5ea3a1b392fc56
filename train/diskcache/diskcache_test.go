package diskcache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/links"
)

const extension = ".kept"

// folder has files of 10 bytes, each in a set of its own, used one after the other.
func folder(t *testing.T, limit int64, names ...string) (*Folder, *[]string) {
	t.Helper()
	said := new([]string)
	f := &Folder{Dir: filepath.Join(t.TempDir(), "cache"), Limit: limit, Extension: extension,
		Log: func(line string) { *said = append(*said, line) }}
	for i, name := range names {
		path := f.path(name)
		err := os.MkdirAll(filepath.Dir(path), 0o777)
		if err == nil {
			err = os.WriteFile(path, make([]byte, 10), 0o666)
		}
		used := time.Now().Add(time.Duration(i-100) * time.Hour)
		if err = errors.Join(err, os.Chtimes(path, used, used)); err != nil {
			t.Fatal(err)
		}
	}
	return f, said
}

func (f *Folder) path(name string) string { return filepath.Join(f.Dir, name, "1"+extension) }

// want compares the files that are there with those of the names, the oldest first.
func want(t *testing.T, f *Folder, names ...string) {
	t.Helper()
	list, total := f.Files()
	var got []string
	for _, file := range list {
		got = append(got, filepath.Base(filepath.Dir(file.Path)))
	}
	if fmt.Sprint(got) != fmt.Sprint(names) || total != int64(10*len(names)) {
		t.Errorf("got %v, %d bytes, want %v", got, total, names)
	}
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func TestWhatWasNotUsedForLongestMakesRoom(t *testing.T) {
	f, said := folder(t, 40, "a", "b", "c", "d")
	stranger := filepath.Join(f.Dir, "a", "README")
	if err := os.WriteFile(stranger, make([]byte, 99), 0o666); err != nil {
		t.Fatal(err)
	}
	Touch(f.path("b"))
	want(t, f, "a", "c", "d", "b")
	if f.MakeRoom(41) {
		t.Error("there is room for more than the limit")
	}
	want(t, f, "a", "c", "d", "b")
	if !f.MakeRoom(11) {
		t.Error("no room")
	}
	want(t, f, "d", "b")
	if _, err := os.Stat(filepath.Dir(f.path("c"))); !os.IsNotExist(err) {
		t.Errorf("the folder of a set without files: %v", err)
	}
	if _, err := os.Stat(stranger); err != nil {
		t.Errorf("a file that is not of the cache: %v", err)
	}
	if !f.MakeRoom(20) {
		t.Error("no room where nothing has to go")
	}
	want(t, f, "d", "b")
	if len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
}

func TestPruneEndsAtAnAgeOrASize(t *testing.T) {
	f, _ := folder(t, 100, "a", "b", "c", "d")
	list, _ := f.Files()
	if p := f.Prune(list[2].Used, 0); p != (Pruned{Files: 2, Bytes: 20, Left: 20}) {
		t.Errorf("by age %+v", p)
	}
	if p := f.Prune(time.Time{}, 10); p != (Pruned{Files: 1, Bytes: 10, Left: 10}) {
		t.Errorf("by size %+v", p)
	}
	want(t, f, "d")
	late := time.Now().Add(time.Hour) // of a clock that is ahead
	if err := os.Chtimes(f.path("d"), late, late); err != nil {
		t.Fatal(err)
	}
	if p := f.Prune(time.Time{}, 0); p != (Pruned{Files: 1, Bytes: 10}) {
		t.Errorf("all of it %+v", p)
	}
}

func TestFoldersThatAreNotThereAreEmpty(t *testing.T) {
	f := &Folder{Dir: filepath.Join(t.TempDir(), "none"), Limit: 10}
	want(t, f)
	if f.Off() || !f.MakeRoom(10) {
		t.Error("it keeps nothing")
	}
	if p := f.Prune(time.Time{}, 0); p != (Pruned{}) {
		t.Errorf("pruned %+v", p)
	}
	for _, off := range []Folder{{Limit: 10}, {Dir: f.Dir}} {
		if !off.Off() {
			t.Errorf("%+v keeps something", off)
		}
	}
}

// TestChildThatHolds is what the next test starts and kills.
func TestChildThatHolds(t *testing.T) {
	path := os.Getenv("DISKCACHE_CHILD")
	if path == "" {
		t.Skip("only as the child of another test")
	}
	if err := Hold(open(t, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := Wait(t.Context(), filepath.Dir(path), nil); err != nil {
		t.Fatal(err)
	}
	fmt.Println("HELD")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // until the other test ends
		t.Fatal(err)
	}
}

// What another process holds stays, and the folder that it locked is waited for, until it
// ends, however it does.
func TestWhatAnotherProcessHoldsStays(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is locked there: open files cannot be removed")
	}
	f, said := folder(t, 30, "a", "b", "c")
	c := exec.Command(os.Args[0], "-test.run=^TestChildThatHolds$")
	c.Env = append(os.Environ(), "DISKCACHE_CHILD="+f.path("a"))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill() // it may have ended
		c.Wait()
	})
	text := make([]byte, 4)
	if _, err := out.Read(text); err != nil || string(text) != "HELD" {
		t.Fatalf("got %q, %v", text, err)
	}
	too := open(t, f.path("a"))
	if err := Hold(too); err != nil {
		t.Errorf("two do not hold one file: %v", err)
	}
	too.Close()
	if err := Lock(open(t, f.path("a"))); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that another has it", err)
	}
	if f.Remove(f.path("a")) || f.MakeRoom(30) || !f.MakeRoom(20) {
		t.Error("a file that is in use went, or others did not")
	}
	want(t, f, "a")
	if p := f.Prune(time.Time{}, 0); p != (Pruned{Left: 10, InUse: 1}) {
		t.Errorf("pruned %+v", p)
	}
	waited := 0
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err = Wait(ctx, filepath.Dir(f.path("a")), func() { waited++; cancel(stopped) })
	if !errors.Is(err, stopped) || waited != 1 {
		t.Fatalf("got %v, waited %d times", err, waited)
	}
	unlock, err := Wait(t.Context(), filepath.Dir(f.path("a")), func() {
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
}

func TestWhatIsNoFileGoesWithoutBeingOpened(t *testing.T) {
	f, said := folder(t, 100, "a")
	if err := os.Remove(f.path("a")); err != nil {
		t.Fatal(err)
	}
	links.Make(t, "gone", f.path("a"))
	if !f.Remove(f.path("a")) || len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
	if _, err := os.Lstat(f.path("a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that it is gone", err)
	}
}

// A damaged file counts with the bytes that it has, and goes as others do: whoever reads it
// finds what is wrong. What is called like a file and is none stays, and is said.
func TestADamagedFileGoesAsOthersDo(t *testing.T) {
	f, said := folder(t, 100, "a")
	if err := os.Truncate(f.path("a"), 3); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(f.path("b"), "inside"), 0o777); err != nil {
		t.Fatal(err)
	}
	if list, total := f.Files(); len(list) != 1 || total != 3 {
		t.Errorf("got %v, %d bytes, want those of the file that was cut short", list, total)
	}
	if f.Remove(f.path("b")) || len(*said) != 1 || !strings.Contains((*said)[0], "1"+extension) {
		t.Errorf("a folder went, or nobody heard of it: %q", *said)
	}
	for range 2 { // one that went already is no error
		if !f.Remove(f.path("a")) {
			t.Error("a damaged file stays, or one that went is an error")
		}
	}
	want(t, f)
}
