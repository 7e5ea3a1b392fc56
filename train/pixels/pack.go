package pixels

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train/diskcache"
	"github.com/flowerctl/flowerctl/train/table"
)

// A file is a header, an entry for each slot, and the pixels of the slots. An entry is
// written after its pixels, and of zeros before: what a killed process leaves is complete
// up to there. Numbers are little-endian. A change of the form changes the number in the
// magic word.
type header struct {
	Magic  [8]byte
	Set    Key
	About  [96]byte
	Length uint32 // bytes of a picture
	Slots  uint32
	Sum    uint32 // CRC-32C of what is before it
}

type entry struct {
	Picture
	Pixels uint32 // CRC-32C of the pixels
	Sum    uint32 // CRC-32C of what is before it
}

var magic = [8]byte{'f', 'l', 'p', 'i', 'x', 's', '1', '\n'}

const (
	extension  = ".pixels"
	headerSize = 8 + 32 + 96 + 4 + 4 + 4
	entrySize  = 32 + 32 + NoteSize + 4 + 4

	packSize = 1 << 30 // of the pixels in a file, at most
	maxSlots = 1 << 16
	maxImage = 1 << 28 // bytes, which bounds what a header can say
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sumOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// pack is an open file.
type pack struct {
	path   string
	file   *os.File
	length int64 // bytes of a picture
	slots  int64
	last   int64 // slots up to the last one with an entry
}

func (p *pack) entryAt(slot int64) int64 { return headerSize + slot*entrySize }
func (p *pack) pixelsAt(slot int64) int64 {
	return headerSize + p.slots*entrySize + slot*p.length
}

// read opens a pack and remembers its pictures. It holds the file.
func (s *Store) read(path string, building bool) error {
	if info, err := os.Lstat(path); err != nil {
		return err
	} else if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return errDamaged
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	p := &pack{path: path, file: f}
	if err = diskcache.Hold(f); err == nil {
		err = s.parse(p, building)
	}
	if err != nil {
		f.Close() // it was only read
		return err
	}
	s.packs[path] = p
	diskcache.Touch(path)
	return nil
}

// readHeader reads and checks what a file begins with.
func (p *pack) readHeader() (h header, err error) {
	b := make([]byte, headerSize)
	if _, err := p.file.ReadAt(b, 0); err != nil {
		return h, damaged(err)
	}
	if err := binary.Read(bytes.NewReader(b), binary.LittleEndian, &h); err != nil {
		return h, err
	}
	if h.Magic != magic || h.Sum != sumOf(b[:headerSize-4]) || h.Slots > maxSlots ||
		h.Length > maxImage {

		return h, errDamaged
	}
	p.length, p.slots = int64(h.Length), int64(h.Slots)
	return h, nil
}

// parse remembers the pictures of a file whose entries and pixels are there. Those that
// are not, as of a file that was cut short, do not count, and a builder empties their
// entries.
func (s *Store) parse(p *pack, building bool) error {
	h, err := p.readHeader()
	if err != nil {
		return err
	}
	if h.Set != s.set || int(h.Length) != s.length {
		return errDamaged
	}
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	b := make([]byte, p.slots*entrySize)
	if info.Size() < headerSize+int64(len(b)) {
		return errDamaged
	}
	if _, err := p.file.ReadAt(b, headerSize); err != nil {
		return damaged(err)
	}
	var lost []uint32
	for slot := range p.slots {
		row := b[slot*entrySize : (slot+1)*entrySize]
		if empty(row) {
			continue
		}
		var e entry
		if err := binary.Read(bytes.NewReader(row), binary.LittleEndian, &e); err != nil {
			return err
		}
		if !p.whole(slot, row, info.Size()) {
			lost = append(lost, uint32(slot))
			continue
		}
		p.last = slot + 1
		s.remember(found{Ref{p, uint32(slot), e.Pixels}, e.Picture})
	}
	// An entry that another process is writing may look like a damaged one.
	if building && len(lost) > 0 {
		s.folder.Say("%s: %s of it cut off or damaged, and decoded again", p.path,
			table.Count(len(lost), "picture"))
		p.drop(lost...) // where that fails they are found again
	}
	return nil
}

// reserve is a free slot, in a new pack where the last one is full. It is nil where
// nothing is written.
func (s *Store) reserve() (*pack, int64, error) {
	if s.full {
		return nil, 0, nil
	}
	if s.current != nil && int64(s.next) == s.current.slots {
		s.current = nil
	}
	if s.current == nil {
		p, err := s.create()
		if p == nil || err != nil {
			return nil, 0, err
		}
		s.current, s.next = p, 0
	}
	s.next++
	s.missing--
	return s.current, int64(s.next - 1), nil
}

// create makes an empty pack for what is missing, or a part of it.
func (s *Store) create() (*pack, error) {
	slots := min(max(int64(s.missing), 1), maxSlots, max(packSize/int64(s.length), 1))
	p := &pack{length: int64(s.length), slots: slots}
	for ; !s.folder.MakeRoom(p.pixelsAt(p.slots)); p.slots /= 2 {
		if p.slots <= 1 {
			s.full = true
			s.folder.Say("the cache of pixels has %s at most: %s decoded in every epoch",
				table.Bytes(s.folder.Limit), table.Count(max(s.missing, 1), "picture"))
			return nil, nil
		}
	}
	p.path = filepath.Join(s.dir, rand.Text()[:16]+extension)
	f, err := os.OpenFile(p.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	p.file = f
	if err := s.begin(p); err != nil {
		f.Close()
		os.Remove(p.path)
		return nil, err
	}
	s.packs[p.path] = p
	return p, nil
}

// begin holds a new file and writes its header. The file has its whole length at once, so
// that others who make room know of it; the disk is taken as pictures come.
func (s *Store) begin(p *pack) error {
	if err := diskcache.Hold(p.file); err != nil {
		return err
	}
	h := header{Magic: magic, Set: s.set, Length: uint32(p.length), Slots: uint32(p.slots)}
	copy(h.About[:], s.about)
	b := encode(h)
	if _, err := p.file.WriteAt(b, 0); err != nil {
		return err
	}
	return p.file.Truncate(p.pixelsAt(p.slots))
}

// encode is a header or an entry with its sum at the end.
func encode(v any) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, v) // fails for types of no fixed size only
	out := b.Bytes()
	binary.LittleEndian.PutUint32(out[len(out)-4:], sumOf(out[:len(out)-4]))
	return out
}

// write puts a picture into a slot.
func (p *pack) write(slot int64, picture Picture, pix []byte) (Ref, error) {
	if _, err := p.file.WriteAt(pix, p.pixelsAt(slot)); err != nil {
		return Ref{}, err
	}
	e := entry{Picture: picture, Pixels: sumOf(pix)}
	if _, err := p.file.WriteAt(encode(e), p.entryAt(slot)); err != nil {
		return Ref{}, err
	}
	return Ref{p, uint32(slot), e.Pixels}, nil
}

// finish gives back the room of slots that were not filled.
func (s *Store) finish() {
	if p := s.current; p != nil && int64(s.next) < p.slots {
		p.file.Truncate(p.pixelsAt(int64(s.next))) // else it is larger than it need be
	}
	s.current = nil
}

// trim does as finish for packs of processes that were killed.
func (s *Store) trim() {
	for _, p := range s.packs {
		info, err := p.file.Stat()
		if end := p.pixelsAt(p.last); err == nil && info.Size() > end {
			os.Truncate(p.path, end)
		}
	}
}
