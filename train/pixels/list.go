package pixels

import (
	"bytes"
	"os"
	"path/filepath"
	"time"

	"github.com/flowerctl/flowerctl/train/diskcache"
)

// Set is what is kept of pictures that are prepared in one way.
type Set struct {
	Dir      string    `json:"dir"`
	About    string    `json:"prepared"` // "224 x 224, stretch"; "damaged" where no file says it
	Pictures int64     `json:"pictures"` // at most
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
	if about, length, err := About(f.Path); err == nil {
		s.About = about
		s.Pictures += max(f.Size-headerSize, 0) / int64(entrySize+length)
	}
}

// About says how the pictures of a file were prepared, and how many bytes each has.
func About(path string) (about string, length int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close() // it was only read
	h, err := (&pack{file: f}).readHeader()
	return string(bytes.TrimRight(h.About[:], "\x00")), int(h.Length), err
}
