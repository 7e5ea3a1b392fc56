// Package tensorboard writes the event files that TensorBoard shows, and finds how far
// those in a folder are. A file is a sequence of records, as TFRecord has them (length and
// data, each with a masked CRC-32C), and each record is an Event of
// tensorflow/core/util/event.proto. It never imports training, and no TensorFlow. Start at
// [Create].
package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Event files are named prefix, seconds since 1970, host and process, as TensorFlow names
// them, and suffix, which says that they are of this package.
const (
	prefix = "events.out.tfevents."
	suffix = ".flowerctl"
)

// Writer writes an event file. Each event is written at once, so that a process which is
// killed leaves all events but perhaps the last, and TensorBoard shows a run while it
// goes on. It is for one goroutine.
type Writer struct {
	file *os.File
	path string
	size int64
	now  func() time.Time
}

// Create makes a new event file in dir, and dir where there is none. Its name comes after
// those of all event files there, for TensorBoard reads them in the order of their names.
func Create(dir string) (*Writer, error) { return create(dir, time.Now) }

func create(dir string, now func() time.Time) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	there, err := files(dir)
	if err != nil {
		return nil, err
	}
	at := now().Unix()
	for _, path := range there {
		at = max(at, secondsOf(path)+1)
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	name := fmt.Sprintf("%s%010d.%s.%d%s", prefix, at, filepath.Base(host), os.Getpid(), suffix)
	w := &Writer{path: filepath.Join(dir, name), now: now}
	w.file, err = os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o666)
	if err != nil {
		return nil, atomicfile.OnDisk(err, w.path)
	}
	if err := w.write(fileVersion()); err != nil {
		return nil, errors.Join(err, w.file.Close(), os.Remove(w.path))
	}
	return w, nil
}

// secondsOf is the time in the name of an event file, or 0.
func secondsOf(path string) int64 {
	text, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), prefix), ".")
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || at < 0 || at > 9_999_999_998 { // with more digits names are in no order
		return 0
	}
	return at
}

// Scalar is a number of a step.
type Scalar struct {
	Tag   string // such as epoch/loss; TensorBoard puts tags with one beginning together
	Value float64
}

// Scalars writes numbers of a step, which the file holds as float32.
func (w *Writer) Scalars(step int64, values ...Scalar) error {
	return w.write(scalarsEvent(step, values))
}

// Text writes text in Markdown.
func (w *Writer) Text(tag, markdown string) error { return w.write(textEvent(tag, markdown)) }

// Hyperparameters writes the settings that the dashboard HParams compares runs by; each
// value is a number, true or false, or text.
func (w *Writer) Hyperparameters(settings []Setting) error {
	return w.write(settingsEvent(settings, w.now()))
}

// Restart says that a run goes on with a step: TensorBoard forgets what files before this
// one have of that step and those after it.
func (w *Writer) Restart(step int64) error { return w.write(restartEvent(step)) }

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }

// write adds an event to the file, or nothing.
func (w *Writer) write(e event) error {
	r := record(e.encode(w.now()))
	_, err := w.file.Write(r)
	if err != nil {
		return atomicfile.OnDisk(errors.Join(err, w.file.Truncate(w.size)), w.path)
	}
	w.size += int64(len(r))
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum that records have (tensorflow/core/lib/hash/crc32c.h): one of
// data that holds checksums itself would tell less.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// record is data as a record of TFRecord: its length in 8 bytes, the checksum of these,
// data, and its checksum; numbers are little-endian.
func record(data []byte) []byte {
	r := binary.LittleEndian.AppendUint64(make([]byte, 0, len(data)+16), uint64(len(data)))
	r = binary.LittleEndian.AppendUint32(r, masked(r))
	r = append(r, data...)
	return binary.LittleEndian.AppendUint32(r, masked(data))
}

// files are the event files in a folder, in the order of their names; there are none where
// there is no folder.
func files(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && !e.IsDir() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// Any says whether a folder has event files, of whatever program.
func Any(dir string) (bool, error) {
	there, err := files(dir)
	return len(there) > 0, err
}

// Foreign says whether a folder has event files that this package did not write.
func Foreign(dir string) (bool, error) {
	there, err := files(dir)
	return slices.ContainsFunc(there, func(path string) bool { return !own(path) }), err
}

func own(path string) bool { return strings.HasSuffix(path, suffix) }

// Remove removes the event files in a folder that this package wrote, and the folder where
// nothing else is in it.
func Remove(dir string) error {
	there, err := files(dir)
	if err != nil || len(there) == 0 {
		return err
	}
	for _, path := range there {
		if own(path) {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if rest, failed := os.ReadDir(dir); err == nil && failed == nil && len(rest) == 0 {
		return os.Remove(dir)
	}
	return err
}
