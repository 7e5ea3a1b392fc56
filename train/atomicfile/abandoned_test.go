//go:build unix

package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// hidden lists the temporary names in dir.
func hidden(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".writing-") {
			names = append(names, e.Name())
		}
	}
	return names
}

// child is a process that writes half of the file a, or of the folder b, in dir, and
// waits until it is killed.
func child(t *testing.T, dir, name string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestHalfWriter$")
	c.Env = append(os.Environ(), "ATOMICFILE_WRITES="+filepath.Join(dir, name))
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(c) })
	return c
}

// kill ends a child; a second call does nothing.
func kill(c *exec.Cmd) {
	c.Process.Kill()
	c.Wait()
}

// TestHalfWriter is what child runs.
func TestHalfWriter(t *testing.T) {
	path := os.Getenv("ATOMICFILE_WRITES")
	if path == "" {
		t.Skip("only as the child of another test")
	}
	half := func(w io.Writer) error {
		io.WriteString(w, "half")
		os.Stdout.WriteString("begun\n")
		time.Sleep(time.Minute)
		return errors.New("nobody killed this process")
	}
	if filepath.Base(path) == "a" {
		t.Fatal(Write(path, half))
	}
	t.Fatal(WriteDir(path, true, func(temporary string) error {
		return errors.Join(WriteBytes(filepath.Join(temporary, "x"), nil), half(io.Discard))
	}))
}

func TestTheNextWriterRemovesWhatKilledOnesLeft(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write := func() {
		t.Helper()
		err := errors.Join(WriteBytes(a, []byte("new")), writeDir(b, true, "y", nil))
		if err != nil {
			t.Fatal(err)
		}
	}
	var children []*exec.Cmd
	for _, name := range []string{"a", "b", "a", "b"} {
		children = append(children, child(t, dir, name))
	}
	write()
	if got := hidden(t, dir); len(got) != len(children) {
		t.Errorf("of processes that still write, %q are there", got)
	}
	for _, c := range children {
		kill(c)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "[^.]*")); err != nil || len(found) != 2 {
		t.Errorf("after the killing a pattern finds %q, %v", found, err)
	}
	write()
	if got := hidden(t, dir); got != nil {
		t.Errorf("%q are still there", got)
	}
	wantFiles(t, b, "y")
}

func TestAFolderThatLostItsNameGetsItBack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	old := filepath.Join(temporaryName(path, 0), oldDir)
	if err := os.MkdirAll(filepath.Join(old, "mine"), 0o755); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("full")
	if err := writeDir(path, true, "x", failure); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	wantFiles(t, path, "mine")
	wantFiles(t, dir, "b")
}

func TestWithoutLocksOnlyAgeCounts(t *testing.T) {
	now, then := time.Now(), time.Now().Add(-2*oldAge)
	if !abandoned(nil, now) || !abandoned(nil, then) {
		t.Error("whoever gets the lock knows, whatever the age")
	}
	if abandoned(errNoLocks, now) || !abandoned(errNoLocks, then) {
		t.Error("without locks the age must tell")
	}
	if taken := errors.New("taken"); abandoned(taken, now) || abandoned(taken, then) {
		t.Error("the file of a process that writes was taken for abandoned")
	}
}

func TestWhatIsNoFileOfOursIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	path, mine := filepath.Join(dir, "a"), filepath.Join(dir, "mine")
	err := errors.Join(os.WriteFile(mine, []byte("mine"), 0o644),
		os.Symlink(mine, temporaryName(path, 0)), os.Symlink("nowhere", temporaryName(path, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(mine); err != nil || string(got) != "mine" {
		t.Errorf("the file behind a link holds %q, %v", got, err)
	}
	if got := hidden(t, dir); len(got) != 2 {
		t.Errorf("%q are there, want the two links", got)
	}
}

func TestManyWritersOfOnePath(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	var wg sync.WaitGroup
	for i := range writers / 2 {
		wg.Go(func() {
			text := []byte(strings.Repeat(string(rune('a'+i)), 1000))
			for range 20 {
				if err := WriteBytes(path, text); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := os.ReadFile(path)
	if err != nil || len(got) != 1000 || strings.Trim(string(got), string(got[:1])) != "" {
		t.Errorf("got %d bytes, %v, want those of one writer", len(got), err)
	}
	wantFiles(t, dir, "a")
}
