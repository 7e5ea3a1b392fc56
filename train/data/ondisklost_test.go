package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// TestADamagedPictureIsCounted: the line says how many of how many are damaged, and the next
// run keeps them again.
func TestADamagedPictureIsCounted(t *testing.T) {
	dir := photographs(t)
	cache, said := diskCache(t)
	want := loadSet(t, dir, LoadOptions{})
	c := loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache, Workers: 1}) // in the order of the set
	path := packs(t, cache)[0]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	b[len(b)-1-3*config.Size*config.Size] ^= 1
	if err := overwrite(path, b); err != nil {
		t.Fatal(err)
	}
	same(t, c, want)
	if len(*said) != 1 || !strings.HasPrefix((*said)[0], path+": is damaged") ||
		!strings.HasSuffix((*said)[0], ": 2 of 22 pictures in it decoded in every epoch, and kept again by the next run") {
		t.Errorf("said %q", *said)
	}
	same(t, loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache}), want)
	if sets := cache.List(); len(sets) != 1 || sets[0].Pictures != 21 || len(*said) != 1 {
		t.Errorf("the next run: %+v, said %q", sets, *said)
	}
}

// TestAutoIsInMemoryWhereNothingCanBeKept, if the pictures fit there, and says why.
func TestAutoIsInMemoryWhereNothingCanBeKept(t *testing.T) {
	if _, ok := machine.FreeMemory(); !ok {
		t.Skip("it is not known how much memory is free")
	}
	const some, all = 0.65, 1.3 // of the free memory: more than [Auto] takes, and more than there is
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dir string
		limit     int64
		share     float64
		want      Where
		lines     int
	}{
		{"a folder", t.TempDir(), 1, some, OnDisk, 0},
		{"a folder to be made", filepath.Join(t.TempDir(), "a", "b"), 1, some, OnDisk, 0},
		{"a file", file, 1, some, InMemory, 1},
		{"below a file", filepath.Join(file, "a"), 1, some, InMemory, 1},
		{"a file, and few pictures", file, 1, 0, InMemory, 0},
		{"a file, and too many pictures", file, 1, all, OnDisk, 1},
		{"nothing wanted", file, 0, some, InMemory, 0},
	} {
		var said []string
		o := LoadOptions{Pixels: Auto, Disk: pixels.Cache{Dir: c.dir, Limit: c.limit,
			Log: func(line string) { said = append(said, line) }}}
		free, _ := machine.FreeMemory()
		got, err := o.place(9+int(c.share*float64(free)/3), 1) // pictures of one pixel
		if err != nil || got != c.want || len(said) != c.lines {
			t.Errorf("%s: in %s, want %s; said %q; %v", c.name, got, c.want, said, err)
		}
		if c.lines > 0 && (!strings.Contains(said[0], file+" is a file, want a folder") || o.Disk.Dir != "") {
			t.Errorf("%s: said %q, %q", c.name, said, o.Disk.Dir)
		}
	}
}
