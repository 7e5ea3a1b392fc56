package features

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// logged is a cache in a folder of its own, and what it says.
func logged(t *testing.T, limit int64) (*Cache, *[]string) {
	t.Helper()
	said := new([]string)
	return &Cache{Dir: filepath.Join(t.TempDir(), "features"), Limit: limit,
		Log: func(line string) { *said = append(*said, line) }}, said
}

func picture(i int) Key { return KeyOf("picture", fmt.Sprint(i)) }

func values(i int) []float32 { return []float32{float32(i), float32(i) / 3, -1} }

// filled has the features of n pictures on disk.
func filled(t *testing.T, c *Cache, set Key, n int) {
	t.Helper()
	s := c.Open(set, 3, nil)
	for i := range n {
		if err := s.Put(picture(i), values(i)); err != nil {
			t.Fatal(err)
		}
	}
	s.Flush()
}

func all(n int) (keys []Key) {
	for i := range n {
		keys = append(keys, picture(i))
	}
	return keys
}

func files(t *testing.T, c *Cache) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(c.Dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatWasComputedIsKnownAgain(t *testing.T) {
	c, said := logged(t, DefaultLimit)
	set := KeyOf("network", "224 stretch")
	filled(t, c, set, 5)
	s := c.Open(set, 3, all(4))
	if s.Len() != 4 {
		t.Errorf("%d pictures are known, want the 4 that were asked for", s.Len())
	}
	for i := range 4 {
		if got, ok := s.Get(picture(i)); !ok || !slices.Equal(got, values(i)) {
			t.Errorf("picture %d: %v, %t", i, got, ok)
		}
	}
	if other := c.Open(KeyOf("network", "192 stretch"), 3, all(5)); other.Len() != 0 {
		t.Errorf("another set knows %d", other.Len())
	}
	if len(*said) > 0 {
		t.Errorf("it said %q", *said)
	}
	if err := s.Put(picture(9), []float32{1}); err == nil {
		t.Error("one feature of three was taken")
	}
}

// TestDamagedFilesAreComputedAgain, and the others are not.
func TestDamagedFilesAreComputedAgain(t *testing.T) {
	for name, damage := range map[string]func(b []byte) []byte{
		"a bit":           func(b []byte) []byte { b[70] ^= 1; return b },
		"its end":         func(b []byte) []byte { return b[:len(b)-9] },
		"more":            func(b []byte) []byte { return append(b, 0) },
		"another version": func(b []byte) []byte { b[6] = '2'; return b },
		"nothing":         func([]byte) []byte { return nil },
		"another length":  func(b []byte) []byte { b[40] = 200; return b },
		"its sum":         func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
	} {
		c, said := logged(t, DefaultLimit)
		set := KeyOf("network")
		filled(t, c, set, 3)
		path := files(t, c)[0]
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, damage(b), 0o666); err != nil {
			t.Fatal(err)
		}
		s := c.Open(set, 3, all(4))
		if s.Len() != 0 || len(*said) != 1 || !strings.Contains((*said)[0], "computed again") {
			t.Errorf("%s: %d are known, said %q", name, s.Len(), *said)
		}
		if left := files(t, c); len(left) > 0 {
			t.Errorf("%s: %v is still there", name, left)
		}
	}
}

// TestTwoFillASetAtOnce: what both write is there afterwards.
func TestTwoFillASetAtOnce(t *testing.T) {
	c, _ := logged(t, DefaultLimit)
	c.Log = nil
	set := KeyOf("network")
	var wg sync.WaitGroup
	for run := range 2 {
		wg.Go(func() {
			s := c.Open(set, 3, all(40))
			for i := run; i < 40; i += 1 + run {
				if err := s.Put(picture(i), values(i)); err != nil {
					t.Error(err)
				}
				if i%7 == 0 {
					s.Flush()
				}
			}
			s.Flush()
		})
	}
	wg.Wait()
	if n := c.Open(set, 3, all(40)).Len(); n != 40 {
		t.Errorf("%d of 40 are known", n)
	}
}

// TestOldFilesMakeRoom: those that were used last stay.
func TestOldFilesMakeRoom(t *testing.T) {
	c, said := logged(t, 2*fileSize(10, 3))
	first, second, third := KeyOf("1"), KeyOf("2"), KeyOf("3")
	filled(t, c, first, 10)
	filled(t, c, second, 10)
	old := time.Now().Add(-time.Hour)
	for _, path := range files(t, c) {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if c.Open(first, 3, all(10)).Len() != 10 {
		t.Error("the first set is not known")
	}
	filled(t, c, third, 10)
	for set, want := range map[Key]int{first: 10, second: 0, third: 10} {
		if n := c.Open(set, 3, all(10)).Len(); n != want {
			t.Errorf("%d are known of a set, want %d", n, want)
		}
	}
	filled(t, c, KeyOf("4"), 100)
	if len(*said) != 1 || !strings.Contains((*said)[0], "100 features not kept") {
		t.Errorf("more than the limit: said %q", *said)
	}
	if len(files(t, c)) != 2 {
		t.Errorf("what cannot be kept pushed others out: %v are left", files(t, c))
	}
}

// TestADiskThatTakesNothingIsSaidOnce: the features stay in memory.
func TestADiskThatTakesNothingIsSaidOnce(t *testing.T) {
	c, said := logged(t, DefaultLimit)
	if err := os.WriteFile(c.Dir, nil, 0o666); err != nil { // a file where the folder would be
		t.Fatal(err)
	}
	s := c.Open(KeyOf("network"), 3, all(2))
	for i := range 2 {
		if err := s.Put(picture(i), values(i)); err != nil {
			t.Fatal(err)
		}
		s.Flush()
	}
	if _, ok := s.Get(picture(1)); !ok || len(*said) != 1 || !strings.Contains((*said)[0], "features are not kept") {
		t.Errorf("known %t, said %q", ok, *said)
	}
}

func TestNothingIsKeptWithoutALimit(t *testing.T) {
	c, _ := logged(t, 0)
	filled(t, c, KeyOf("network"), 2)
	if _, err := os.Stat(c.Dir); err == nil {
		t.Error("the folder was made")
	}
}

// FuzzParse: no bytes make it panic, or take memory for what they do not hold.
func FuzzParse(f *testing.F) {
	c := &Cache{Dir: f.TempDir(), Limit: DefaultLimit}
	set := KeyOf("network")
	s := c.Open(set, 3, nil)
	s.known[picture(0)] = values(0)
	if err := s.write([]Key{picture(0)}); err != nil {
		f.Fatal(err)
	}
	list, _ := filepath.Glob(filepath.Join(c.Dir, "*", "*"))
	good, err := os.ReadFile(list[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:50])
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := s.parse(bytes.NewReader(b), int64(len(b)), map[Key]bool{picture(0): true})
		if err == nil && !bytes.Equal(b, good) && len(found) > 1 {
			t.Errorf("%d found", len(found))
		}
	})
}
