package shard

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/flowerctl/flowerctl/train/permanent"
)

// Manifest is a list of pictures that [List] wrote, found to be complete and as it was
// written. Its entries stay in the file.
type Manifest struct {
	Path string
	Summary
	Classes []string

	marks []int64 // where in the file every stride-th entry starts
}

// stride is how many entries are between two marks: ten million pictures have 153.
const stride = 1 << 16

// maxLine is more than the longest name takes, in bytes.
const maxLine = 1 << 20

const listAgain = "flowerctl list SOURCE... > manifest.jsonl"

// Open reads a manifest once, and compares it with its own hash.
func Open(path string) (*Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, permanent.Errorf("", "%s: got a folder, device or pipe, want a regular file", path)
	}
	m := &Manifest{Path: path}
	end, err := m.readSummary(f, info.Size())
	if err == nil {
		err = m.check(io.NewSectionReader(f, 0, end))
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// readSummary reads the last line, and returns where it starts.
func (m *Manifest) readSummary(f io.ReaderAt, size int64) (start int64, err error) {
	tail := make([]byte, min(size, 4096))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	last, whole := bytes.CutSuffix(tail, []byte("\n"))
	last = last[bytes.LastIndexByte(last, '\n')+1:]
	if !whole || json.Unmarshal(last, &m.Summary) != nil || len(m.SHA256) != 2*sha256.Size {
		return 0, permanent.Errorf(listAgain, "%s: not a manifest, or cut short: its last line is no sum",
			m.Path)
	}
	return size - int64(len(last)) - 1, nil
}

// check reads all lines but the last.
func (m *Manifest) check(r io.Reader) error {
	sum := sha256.New()
	lines := bufio.NewReaderSize(io.TeeReader(r, sum), maxLine)
	at, n := int64(0), int64(-1) // n counts entries: the header is none
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil {
			return permanent.Errorf(listAgain, "%s: line %d is no entry of a manifest", m.Path, n+2)
		}
		if n < 0 {
			if err := m.readHeader(line); err != nil {
				return err
			}
		} else if n%stride == 0 {
			m.marks = append(m.marks, at)
		}
		at, n = at+int64(len(line)), n+1
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != m.SHA256 || n != m.Pictures {
		return permanent.Errorf(listAgain,
			"%s: changed since it was written: got %d pictures, %s, want %d, %s", m.Path, n,
			short(got), m.Pictures, short(m.SHA256))
	}
	return nil
}

func (m *Manifest) readHeader(line []byte) error {
	var h header
	if err := json.Unmarshal(line, &h); err != nil || h.Version == 0 {
		return permanent.Errorf(listAgain, "%s: not a manifest: its first line is no header", m.Path)
	}
	if h.Version != Version {
		return permanent.Errorf(listAgain, "%s: got version %d of manifests, want %d", m.Path, h.Version,
			Version)
	}
	m.Classes = h.Classes
	return nil
}

// Entries yields the entries from the first up to, and without, the second.
func (m *Manifest) Entries(from, to int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if from >= to {
			return
		}
		f, err := os.Open(m.Path)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer f.Close()
		if _, err := f.Seek(m.marks[from/stride], io.SeekStart); err != nil {
			yield(Entry{}, err)
			return
		}
		lines := bufio.NewReaderSize(f, maxLine)
		for i := from / stride * stride; i < to; i++ {
			line, err := lines.ReadSlice('\n')
			var e Entry
			switch {
			case err != nil:
				err = fmt.Errorf("%s: %w", m.Path, err)
			case i < from:
				continue
			default:
				if e, err = DecodeEntry(line); err != nil {
					err = permanent.Errorf(listAgain, "%s: entry %d: %w", m.Path, i, err)
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
