package tensorboard

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// checksum is the masked CRC-32C, written down again: rotated right by 15, plus a number.
func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, crc32.MakeTable(0x82f63b78))
	return (c >> 15) + (c << 17) + 2726488792
}

// records are those of an event file, each with both checksums as they must be; the last
// may not be complete.
func records(t *testing.T, path string) (list [][]byte) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(file) >= 12 {
		n := int(binary.LittleEndian.Uint64(file))
		if got := binary.LittleEndian.Uint32(file[8:]); got != checksum(file[:8]) {
			t.Fatalf("%s: record %d: checksum of the length is %x", path, len(list), got)
		}
		if len(file) < 16+n {
			break
		}
		data := file[12 : 12+n]
		if got := binary.LittleEndian.Uint32(file[12+n:]); got != checksum(data) {
			t.Fatalf("%s: record %d: checksum of the data is %x", path, len(list), got)
		}
		list, file = append(list, data), file[16+n:]
	}
	return list
}

// field is the bytes, or the number as bytes, of a field at a path of numbers.
func field(data []byte, path ...protowire.Number) []byte {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		rest := data[n:]
		size := protowire.ConsumeFieldValue(number, kind, rest)
		value := rest[:size]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(rest)
		}
		if number == path[0] && len(path) == 1 {
			return value
		}
		if number == path[0] {
			return field(value, path[1:]...)
		}
		data = rest[size:]
	}
	return nil
}

func mustCreate(t *testing.T, dir string) *Writer {
	t.Helper()
	w, err := create(dir, func() time.Time { return time.Unix(1700000000, 250_000_000) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEventsAreAsTensorBoardReadsThem: by field numbers, with checksums, at once.
func TestEventsAreAsTensorBoardReadsThem(t *testing.T) {
	w := mustCreate(t, filepath.Join(t.TempDir(), "a", "b"))
	yes, rate := true, 0.001
	check(t,
		w.Scalars(300, Scalar{"epoch/loss", 1.5}, Scalar{"epoch/accuracy", math.NaN()}),
		w.Restart(301),
		w.Text("settings", "|a|b|"),
		w.Hyperparameters([]Setting{{"lr", Value{Number: &rate}}, {"mixed", Value{Bool: &yes}},
			{"arch", Value{Text: "tiny"}}}))
	got := records(t, w.path) // the file is still open
	if len(got) != 5 {
		t.Fatalf("got %d records, want 5", len(got))
	}
	want := func(what string, got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	at := binary.LittleEndian.AppendUint64(nil, math.Float64bits(1700000000.25))
	for _, r := range got {
		want("time", field(r, 1), string(at))
	}
	want("version", field(got[0], 3), "brain.Event:2")
	want("step", field(got[1], 2), "\xac\x02") // 300
	want("tag", field(got[1], 5, 1, 1), "epoch/loss")
	want("value", field(got[1], 5, 1, 2), "\x00\x00\xc0\x3f") // 1.5
	want("step of a restart", field(got[2], 2), "\xad\x02")
	want("status of a restart", field(got[2], 7, 1), "\x01") // START
	want("tag of a text", field(got[3], 5, 1, 1), "settings")
	want("text", field(got[3], 5, 1, 8, 8), "|a|b|")
	want("type of a text", field(got[3], 5, 1, 8, 1), "\x07") // DT_STRING
	want("plugin of a text", field(got[3], 5, 1, 9, 1, 1), "text")
	want("plugin of settings", field(got[4], 5, 1, 9, 1, 1), "hparams")
	content := field(got[4], 5, 1, 9, 1, 2)
	want("first setting", field(content, 3, 1, 1), "lr")
	want("its value", field(content, 3, 1, 2, 2),
		string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.001))))

	var scalars []Scalar
	var restarts []int64
	check(t, Read(filepath.Dir(w.path), func(e Event) {
		if len(e.Scalars) > 0 && e.Step != 300 {
			t.Errorf("%v: got step %d, want 300", e.Scalars, e.Step)
		}
		if scalars = append(scalars, e.Scalars...); e.Restart {
			restarts = append(restarts, e.Step)
		}
	}))
	if !slices.Equal(restarts, []int64{301}) {
		t.Errorf("got restarts at %v, want 301", restarts)
	}
	if len(scalars) != 2 || scalars[0] != (Scalar{"epoch/loss", 1.5}) || !math.IsNaN(scalars[1].Value) {
		t.Errorf("read back: got %v", scalars)
	}
}

// TestAKilledFileIsReadToItsLastEvent: cut anywhere, all events before the cut are there,
// and nothing panics; so it is with a bit that changed.
func TestAKilledFileIsReadToItsLastEvent(t *testing.T) {
	w := mustCreate(t, t.TempDir())
	var ends []int
	for step := range int64(3) {
		check(t, w.Scalars(step+1, Scalar{"x", float64(step)}))
		ends = append(ends, int(w.size))
	}
	whole, err := os.ReadFile(w.path)
	check(t, err)
	last := func(file []byte) (last int64) {
		t.Helper()
		check(t, readEvents(bytes.NewReader(file), func(e Event) { last = e.Step }))
		return last
	}
	for cut := range len(whole) + 1 {
		want := int64(0)
		for _, end := range ends {
			if end <= cut {
				want++
			}
		}
		if got := last(whole[:cut]); got != want {
			t.Fatalf("cut after %d bytes: got step %d, want %d", cut, got, want)
		}
	}
	for i := range whole {
		damaged := slices.Clone(whole)
		damaged[i] ^= 0x80
		want := int64(0)
		for _, end := range ends {
			if end <= i {
				want++
			}
		}
		if got := last(damaged); got != want {
			t.Fatalf("byte %d damaged: got step %d, want %d", i, got, want)
		}
	}
}

// TestNewFilesComeLast: also within a second, and after those of a clock that was ahead.
func TestNewFilesComeLast(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "events.out.tfevents.1800000000.host.1.0.v2")
	check(t, os.WriteFile(other, nil, 0o666))
	names := []string{other}
	for range 3 {
		names = append(names, mustCreate(t, dir).path)
	}
	there, err := files(dir)
	check(t, err)
	if !reflect.DeepEqual(there, names) || !slices.IsSorted(names) {
		t.Errorf("got %q, want %q in order", there, names)
	}
}

// TestNamesOfNoTimeCountForNothing: a name with more than ten digits is after all others.
func TestNamesOfNoTimeCountForNothing(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"99999999999.host", "9999999999.host", "-1.host", "x"} {
		check(t, os.WriteFile(filepath.Join(dir, prefix+name), nil, 0o666))
	}
	want := prefix + "1700000000."
	if got := filepath.Base(mustCreate(t, dir).path); !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s and more", got, want)
	}
}

// TestOnlyOwnFilesAreRemoved: those of other programs stay, and so does their folder.
func TestOnlyOwnFilesAreRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tb")
	check(t, Remove(dir)) // there is none
	other := filepath.Join(dir, "events.out.tfevents.1.host.v2")
	mustCreate(t, dir)
	check(t, os.WriteFile(other, nil, 0o666))
	check(t, Remove(dir))
	if there, err := files(dir); err != nil || !reflect.DeepEqual(there, []string{other}) {
		t.Errorf("got %q and %v, want the other program's file", there, err)
	}
	check(t, os.Remove(other))
	mustCreate(t, dir)
	if any, err := Any(dir); err != nil || !any {
		t.Errorf("got %v and %v, want an event file", any, err)
	}
	check(t, Remove(dir))
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("got %v, want no folder", err)
	}
}

// TestAFileInPlaceOfTheFolderIsAnError.
func TestAFileInPlaceOfTheFolderIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tb")
	check(t, os.WriteFile(path, nil, 0o666))
	if _, err := Create(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names it", err)
	}
	if _, err := Any(path); err == nil {
		t.Error("Any: got no error")
	}
}

// TestLastStepsAreOfAllFiles: a run goes on after the last epoch of which any file has a
// scalar, though the last file ends within a record.
func TestLastStepsAreOfAllFiles(t *testing.T) {
	dir := t.TempDir()
	last := func() (int64, bool) {
		t.Helper()
		step, there, err := LastStep(dir, "epoch/loss")
		check(t, err)
		return step, there
	}
	if _, there := last(); there {
		t.Error("no file: got a step")
	}
	w := mustCreate(t, dir)
	check(t, w.Scalars(100, Scalar{"step/loss", 1}))
	if _, there := last(); there {
		t.Error("another tag: got a step")
	}
	check(t, w.Scalars(0, Scalar{"epoch/loss", 1}))
	if step, there := last(); step != 0 || !there {
		t.Errorf("got step %d, %v, want 0", step, there)
	}
	check(t, w.Scalars(7, Scalar{"epoch/acc", 1}, Scalar{"epoch/loss", 1}))
	w = mustCreate(t, dir)
	check(t, w.Scalars(6, Scalar{"epoch/loss", 1}), w.Scalars(8, Scalar{"epoch/loss", 1}),
		os.Truncate(w.path, w.size-1))
	if step, there := last(); step != 7 || !there {
		t.Errorf("got step %d, %v, want 7", step, there)
	}
}

func FuzzReadEvent(f *testing.F) {
	f.Add(scalarsEvent(3, []Scalar{{"a", 1}, {"b", 2}}).encode(time.Unix(1, 0)))
	f.Add(textEvent("a", "b").encode(time.Unix(1, 0)))
	f.Add([]byte{0x2a, 0x80, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		readEvent(data)
	})
}
