package pixels

import (
	"os"
	"testing"
)

// TestACutFileIsMendedOnce: who makes its pictures again says so and empties their entries;
// the next one finds nothing to say, and each picture counts once.
func TestACutFileIsMendedOnce(t *testing.T) {
	c, said := cache(t, DefaultLimit)
	closed(t, fill(t, c, set, 0, 9, true))
	list, _ := c.Folder().Files()
	path := list[0].Path
	pictures := func() int64 {
		t.Helper()
		sets := c.List()
		if len(sets) != 1 {
			t.Fatalf("listed %+v", sets)
		}
		return sets[0].Pictures
	}
	if err := os.Truncate(path, headerSize+9*entrySize+4*length+1); err != nil {
		t.Fatal(err)
	}
	if n := pictures(); n != 4 {
		t.Errorf("%d pictures are listed of a file that has 4", n)
	}
	s := c.Open(set, "5 x 5", length) // which makes none
	if s.Len() != 4 || len(*said) > 0 {
		t.Errorf("%d are there; said %q", s.Len(), *said)
	}
	closed(t, s)
	for range 2 {
		s := fill(t, c, set, 0, 9, true)
		check(t, s, 9)
		closed(t, s)
		if n := pictures(); n != 9 || len(*said) != 1 ||
			(*said)[0] != path+": 5 pictures of it are cut off or damaged, and decoded again" {
			t.Errorf("%d pictures are listed; said %q", n, *said)
		}
	}
}

// TestAFileThatCannotBeMendedGoes, and is named once, also where another process holds it.
func TestAFileThatCannotBeMendedGoes(t *testing.T) {
	c, said := cache(t, DefaultLimit)
	first := fill(t, c, set, 0, 9, true)
	list, _ := c.Folder().Files()
	path := list[0].Path
	if err := os.Truncate(path, headerSize+entrySize); err != nil {
		t.Fatal(err)
	}
	held := fill(t, c, set, 0, 9, true) // first has the file open
	check(t, held, 9)
	if len(*said) != 1 || (*said)[0] != path+": is damaged, or of another version: its pictures are decoded again" {
		t.Errorf("said %q", *said)
	}
	closed(t, first)
	closed(t, held)
	closed(t, c.Open(set, "5 x 5", length))
	if list, _ := c.Folder().Files(); len(list) != 1 || list[0].Path == path {
		t.Errorf("left %v", list)
	}
}
