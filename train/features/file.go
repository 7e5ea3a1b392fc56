package features

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/diskcache"
)

// A file is a header, then for each picture its key and its features, float32, and a
// checksum (CRC-32C) of all before it. Numbers are little-endian. A change of the form
// changes the number in the magic word.
type header struct {
	Magic  [8]byte
	Set    Key
	Length uint32 // features of a picture
	Count  uint32 // pictures
}

var magic = [8]byte{'f', 'l', 'f', 'e', 'a', 't', '1', '\n'}

const (
	extension  = ".features"
	headerSize = 8 + 32 + 4 + 4
	sumSize    = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged means that a file is not what this program wrote.
var errDamaged = errors.New("is damaged, or of another version")

func fileSize(pictures, length int) int64 {
	return headerSize + int64(pictures)*(int64(len(Key{}))+4*int64(length)) + sumSize
}

// write writes a file with features that are known.
func (s *Store) write(keys []Key) error {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(s.dir, rand.Text()[:16]+extension)
	return atomicfile.Write(path, func(to io.Writer) error {
		sum := crc32.New(castagnoli)
		w := io.MultiWriter(to, sum)
		h := header{Magic: magic, Set: s.set, Length: uint32(s.length), Count: uint32(len(keys))}
		if err := binary.Write(w, binary.LittleEndian, h); err != nil {
			return err
		}
		row := make([]byte, 0, 4*s.length)
		for _, k := range keys {
			row = row[:0]
			for _, v := range s.known[k] {
				row = binary.LittleEndian.AppendUint32(row, math.Float32bits(v))
			}
			if _, err := w.Write(k[:]); err != nil {
				return err
			}
			if _, err := w.Write(row); err != nil {
				return err
			}
		}
		return binary.Write(to, binary.LittleEndian, sum.Sum32())
	})
}

// read adds the wanted features of a file to those that are known, if all of the file
// is as it was written.
func (s *Store) read(path string, want map[Key]bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return errDamaged
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	found, err := s.parse(f, info.Size(), want)
	if err != nil {
		return err
	}
	for k, v := range found {
		s.known[k] = v
	}
	if len(found) > 0 {
		diskcache.Touch(path)
	}
	return nil
}

// parse reads a file of so many bytes.
func (s *Store) parse(f io.Reader, size int64, want map[Key]bool) (map[Key][]float32, error) {
	sum := crc32.New(castagnoli)
	r := io.TeeReader(bufio.NewReaderSize(f, 1<<20), sum)
	var h header
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return nil, errDamaged
	}
	if h.Magic != magic || h.Set != s.set || int64(h.Length) != int64(s.length) ||
		size != fileSize(int(h.Count), s.length) {
		return nil, errDamaged
	}
	found := map[Key][]float32{}
	row := make([]byte, len(Key{})+4*s.length)
	for range h.Count {
		if _, err := io.ReadFull(r, row); err != nil {
			return nil, damaged(err)
		}
		k := Key(row[:len(Key{})])
		if !want[k] {
			continue
		}
		values := make([]float32, s.length)
		if err := binary.Read(bytes.NewReader(row[len(k):]), binary.LittleEndian, values); err != nil {
			return nil, err
		}
		found[k] = values
	}
	return found, checkSum(r, sum)
}

// checkSum compares the sum of what was read with the one at the end.
func checkSum(r io.Reader, sum hash.Hash32) error {
	got := sum.Sum32()
	var want uint32
	if err := binary.Read(r, binary.LittleEndian, &want); err != nil {
		return damaged(err)
	}
	if got != want {
		return errDamaged
	}
	return nil
}

// damaged is errDamaged for a file that ends early, and other errors as they are.
func damaged(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errDamaged
	}
	return fmt.Errorf("reading features: %w", err)
}
