//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

var levels = flag.Int("levels", 2, "how full TestFullDisks makes disks, in so many steps")

// TestFullDisks writes to disks with room for a part of what is written, from nothing to
// nearly all, and under limits on the size of a file: nothing is half written, nothing is
// left beside it, and the message is true. For more levels:
//
//	go test ./cmd/flowerctl -run TestFullDisks -levels 20
func TestFullDisks(t *testing.T) {
	if brief() {
		t.Skip("files are written the same way in every build, one of which ran it")
	}
	library := installedRuntime(t)
	d := newDisks(t)
	for _, one := range []struct {
		name     string
		args     []string
		runtime  bool // needs onnxruntime
		complete func(t *testing.T, dir, said string)
	}{
		{"train", d.train("--out", "run"), false, d.runIsWhole},
		{"export", []string{"export", "model.onnx", "--run", d.run, "--no-verify"}, false, allOrNone(3)},
		{"report", []string{"compare", d.run, "--html", "page.html"}, false, allOrNone(1)},
		{"verify", []string{"verify", d.model, "--run", d.run, "--report", "r.json", "--images", "8"},
			true, allOrNone(2)},
		{"predict", []string{"predict", d.pictures, "--explain", "why", "--model", d.model}, true, nil},
		{"draw", []string{"data", "draw", "drawn", "--count", "3", "--size", "64"}, false, allOrNone(15)},
	} {
		t.Run(one.name, func(t *testing.T) {
			if one.runtime && library == "" {
				t.Skip("flowerctl runtime install")
			}
			full := 0
			for _, kind := range d.kinds {
				most := d.try(t, kind, 1<<20, one.args, nil).used
				for i := range *levels {
					room := most * (2*i + 1) / (2 * *levels)
					r := d.try(t, kind, max(room, 1), one.args, one.complete)
					if r.failed {
						full++
					}
				}
			}
			if full < len(d.kinds) {
				t.Errorf("only %d disks were full", full)
			}
		})
	}
}

// disks runs the program on disks of a given size.
type disks struct {
	program, run, model, pictures string
	kinds                         []string // "tmpfs", where users may mount it, and "limit"
}

func newDisks(t *testing.T) *disks {
	program, err := exec.LookPath("flowerctl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := &disks{program, filepath.Join(dir, "run"), filepath.Join(dir, "model.onnx"),
		filepath.Join(dir, "pictures"), []string{"limit"}}
	for _, args := range [][]string{d.train("--out", d.run),
		{"export", d.model, "--run", d.run, "--no-verify"},
		{"data", "draw", d.pictures, "--count", "1", "--size", "200"}} {
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", args, err, out)
		}
	}
	if err := d.mounted(t.TempDir(), 100, "true").Run(); err != nil {
		t.Logf("no disks of a size of one's own, limits on files only: %v", err)
	} else {
		d.kinds = append(d.kinds, "tmpfs")
	}
	return d
}

func (d *disks) train(more ...string) []string {
	return append([]string{"train", "--drawn", "60", "--arch", "tiny", "--size", "32", "--epochs", "3",
		"--patience", "0", "--threads", "1"}, more...)
}

// mounted is a command for a shell in a folder with a disk of its own.
func (d *disks) mounted(dir string, kib int, script string) *exec.Cmd {
	c := exec.Command("sh", "-c", fmt.Sprintf("mount -t tmpfs -o size=%dk tmpfs . && cd \"$PWD\" && %s",
		kib, script))
	c.Dir = dir
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	return c
}

// tried is how a command went.
type tried struct {
	used   int // KiB: of all files, or of the largest one under a limit
	failed bool
}

// try runs the program with so much room, and looks at what it left and said.
func (d *disks) try(t *testing.T, kind string, kib int, args []string,
	complete func(t *testing.T, dir, said string)) tried {
	t.Helper()
	dir, kept := t.TempDir(), t.TempDir()
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = "'" + a + "'"
	}
	script := fmt.Sprintf("'%s' %s; rc=$?; cp -R . '%s' || exit 99; exit $rc", d.program,
		strings.Join(words, " "), kept)
	cmd := d.mounted(dir, kib, script)
	if kind == "limit" { // of 512 bytes, as POSIX has it
		cmd = exec.Command("sh", "-c", fmt.Sprintf("ulimit -f %d; %s", 2*kib, script))
		cmd.Dir = dir
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1) {
		t.Fatalf("%s of %d KiB: %v: %s", kind, kib, err, out)
	}
	said := fmt.Sprintf("%s of %d KiB: %s", kind, kib, out)
	if err != nil && !strings.Contains(said, "is full: no space left") &&
		!strings.Contains(said, "file too large") || strings.Contains(said, "writing-") {
		t.Errorf("said: %s", said)
	}
	if err != nil && !strings.Contains(said, "hint: ") {
		t.Errorf("no hint: %s", said)
	}
	r := tried{failed: err != nil}
	r.used = filesAreWhole(t, kept, said, kind)
	if complete != nil {
		complete(t, kept, said)
	}
	return r
}

// filesAreWhole reads every file below dir, and says how large all are, or under a limit
// the largest one.
func filesAreWhole(t *testing.T, dir, said, kind string) (kib int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if name := e.Name(); strings.HasPrefix(name, ".") && name != ".lock.1" { // the run's lease
			t.Errorf("%s is left, said: %s", e.Name(), said)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := isWhole(path, text); err != nil {
			t.Errorf("%s: %v, said: %s", e.Name(), err, said)
		}
		size := (len(text) + 4095) / 4096 * 4
		if kind == "limit" {
			kib = max(kib, size)
		} else {
			kib += size
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return kib
}

// isWhole reads a file as what its name says it is.
func isWhole(path string, text []byte) (err error) {
	switch filepath.Ext(path) {
	case ".json":
		if !json.Valid(text) {
			err = errors.New("no JSON")
		}
	case ".jsonl":
		for _, line := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
			if len(text) > 0 && (!json.Valid(line) || text[len(text)-1] != '\n') {
				err = fmt.Errorf("line %q", line)
			}
		}
	case ".ckpt":
		_, err = checkpoint.Load(path)
	case ".png":
		_, err = png.Decode(bytes.NewReader(text))
	case ".onnx":
		_, err = onnx.ReadFile(path)
	case ".svg":
		if !bytes.HasSuffix(bytes.TrimSpace(text), []byte("</svg>")) {
			err = errors.New("no end")
		}
	case ".html":
		if !bytes.HasSuffix(bytes.TrimSpace(text), []byte("</html>")) {
			err = errors.New("no end")
		}
	}
	return err
}

// allOrNone wants so many files, or none.
func allOrNone(want int) func(t *testing.T, dir, said string) {
	return func(t *testing.T, dir, said string) {
		t.Helper()
		n := 0
		filepath.WalkDir(dir, func(_ string, e fs.DirEntry, _ error) error {
			if e.Type().IsRegular() {
				n++
			}
			return nil
		})
		failed := strings.Contains(said, "hint: ")
		if failed && n > 0 || !failed && n != want {
			t.Errorf("%d files are there, said: %s", n, said)
		}
	}
}

var lastGood = regexp.MustCompile(`the last good checkpoint is (\S+), of epoch (\d+)`)

// runIsWhole compares what was said of a run's checkpoint with what there is, and goes on
// with it: it ends as the run does that had room.
func (d *disks) runIsWhole(t *testing.T, dir, said string) {
	t.Helper()
	run := filepath.Join(dir, "run")
	last, err := checkpoint.Load(filepath.Join(run, "last.ckpt"))
	said = strings.ReplaceAll(said, "kernels: ", "")
	named := lastGood.FindStringSubmatch(said)
	switch {
	case named != nil && (err != nil || named[1] != "run/last.ckpt" ||
		named[2] != strconv.Itoa(last.Training.Epoch)):
		t.Errorf("the checkpoint is not as promised: %v, said: %s", err, said)
	case strings.Contains(said, "no checkpoint to go on from") && err == nil:
		t.Errorf("there is a checkpoint, said: %s", said)
	case strings.Contains(said, "--resume run goes on") != (err == nil) && strings.Contains(said, "hint: make"):
		t.Errorf("the hint is of something else: %v, said: %s", err, said)
	}
	again := []string{"train", "--resume", run}
	if err != nil {
		again = d.train("--out", run, "--force")
	}
	if out, err := exec.Command(d.program, again...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", again, err, out)
	}
	for _, name := range []string{"best.ckpt", "last.ckpt"} {
		want, err := os.ReadFile(filepath.Join(d.run, name))
		got, err2 := os.ReadFile(filepath.Join(run, name))
		if err := errors.Join(err, err2); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not that of the run that had room, %v; said: %s", name, err, said)
		}
	}
}
