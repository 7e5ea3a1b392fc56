package pixels

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/flowerctl/flowerctl/train/diskcache"
)

// Set is what is kept of pictures that are prepared in one way.
type Set struct {
	Dir      string    `json:"dir"`
	About    string    `json:"prepared"` // "224 x 224, stretch"; "damaged" where no file says it
	Pictures int64     `json:"pictures"`
	Files    int       `json:"files"`
	Bytes    int64     `json:"bytes"`
	Used     time.Time `json:"last_used"`
}

// List lists the sets, those that were not used for longest first.
func (c *Cache) List() (sets []Set) {
	files, _ := c.Folder().Files()
	at := map[string]int{}
	for _, f := range files {
		dir := filepath.Dir(f.Path)
		i, ok := at[dir]
		if !ok {
			i = len(sets)
			at[dir] = i
			sets = append(sets, Set{Dir: dir, About: "damaged"})
		}
		s := &sets[i]
		s.add(f)
	}
	return sets
}

func (s *Set) add(f diskcache.File) {
	s.Files++
	s.Bytes += f.Size
	s.Used = f.Used // the files come in this order
	if about, pictures, err := About(f.Path); err == nil {
		s.About = about
		s.Pictures += pictures
	}
}

// About says how the pictures of a file were prepared, and how many there are.
func About(path string) (about string, pictures int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close() // it was only read
	p := &pack{file: f}
	h, err := p.readHeader()
	if err != nil {
		return "", 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	entries := bufio.NewReaderSize(io.NewSectionReader(f, headerSize, p.slots*entrySize), 1<<16)
	row := make([]byte, entrySize)
	for slot := range p.slots {
		if _, err := io.ReadFull(entries, row); err != nil {
			return "", 0, damaged(err)
		}
		if !empty(row) && p.whole(slot, row, info.Size()) {
			pictures++
		}
	}
	return string(bytes.TrimRight(h.About[:], "\x00")), pictures, nil
}
