package pixels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/diskcache"
)

const length = 3 * 5 * 5

var set = KeyOf("5 stretch")

func cache(t testing.TB, limit int64) (*Cache, *[]string) {
	t.Helper()
	said := new([]string)
	return &Cache{Dir: filepath.Join(t.TempDir(), "pixels"), Limit: limit,
		Log: func(line string) { *said = append(*said, line) }}, said
}

func picture(i int) Picture {
	return Picture{Content: KeyOf("content", fmt.Sprint(i)), Seen: KeyOf("seen", fmt.Sprint(i)),
		Note: [NoteSize]byte{byte(i), 1, 2}}
}

func image(i int) []byte { return bytes.Repeat([]byte{byte(i), 3, 250}, length/3) }

// fill adds pictures from one number up to another; ended says whether the process got to
// the end of that.
func fill(t testing.TB, c *Cache, set Key, from, to int, ended bool) *Store {
	t.Helper()
	s := c.Open(set, "5 x 5", length)
	end, err := s.Build(t.Context(), to-from)
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		if _, err := s.Add(picture(i), image(i)); err != nil {
			t.Fatal(err)
		}
	}
	if ended {
		end()
	}
	return s
}

// check makes sure that so many pictures are there as they were added.
func check(t testing.TB, s *Store, n int) {
	t.Helper()
	if s.Len() != n {
		t.Errorf("%d pictures are there, want %d", s.Len(), n)
	}
	for i := range n {
		for how, find := range map[string]func(Picture) (Ref, Picture, bool){
			"seen":    func(p Picture) (Ref, Picture, bool) { return s.Seen(p.Seen) },
			"content": func(p Picture) (Ref, Picture, bool) { return s.Content(p.Content) },
		} {
			ref, p, ok := find(picture(i))
			if !ok || p != picture(i) {
				t.Fatalf("picture %d by %s: %v, %t", i, how, p, ok)
			}
			got := make([]byte, length)
			if err := s.Read(ref, got); err != nil || !bytes.Equal(got, image(i)) {
				t.Errorf("picture %d: %v, %v", i, got, err)
			}
			ref.WillNeed()
		}
	}
}

func closed(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasAddedIsThere(t *testing.T) {
	c, said := cache(t, DefaultLimit)
	closed(t, fill(t, c, set, 0, 9, true))
	s := c.Open(set, "5 x 5", length)
	check(t, s, 9)
	closed(t, s)
	if other := c.Open(KeyOf("6 stretch"), "6 x 6", length); other.Len() != 0 {
		t.Errorf("another set has %d", other.Len())
	}
	if _, _, ok := s.Seen(Key{}); ok {
		t.Error("a picture is found by no key")
	}
	list, total := c.Folder().Files()
	if len(list) != 1 || total != headerSize+9*(entrySize+length) {
		t.Errorf("%v: %d bytes", list, total)
	}
	if about, n, err := About(list[0].Path); about != "5 x 5" || n != 9 || err != nil {
		t.Errorf("about %q, %d, %v", about, n, err)
	}
	if sets := c.List(); len(sets) != 1 || sets[0].About != "5 x 5" || sets[0].Pictures != 9 || sets[0].Bytes != total {
		t.Errorf("listed %+v", sets)
	}
	if len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
}

// TestSameBytesAreKeptOnce, whatever the names of the pictures.
func TestSameBytesAreKeptOnce(t *testing.T) {
	c, _ := cache(t, DefaultLimit)
	s := c.Open(set, "5 x 5", length)
	end, err := s.Build(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	again := picture(0)
	again.Seen = KeyOf("another name")
	first, err := s.Add(picture(0), image(0))
	second, err2 := s.Add(again, image(0))
	if err = errors.Join(err, err2); err != nil || first != second {
		t.Errorf("got %v and %v, %v", first, second, err)
	}
	end()
	closed(t, s)
	if _, total := c.Folder().Files(); total != headerSize+2*entrySize+length {
		t.Errorf("%d bytes, want those of one picture", total)
	}
}

// TestAKilledProcessLosesNothing that it had added, and the next one adds the rest.
func TestAKilledProcessLosesNothing(t *testing.T) {
	c, said := cache(t, DefaultLimit)
	s := c.Open(set, "5 x 5", length)
	if _, err := s.Build(t.Context(), 40); err != nil {
		t.Fatal(err)
	}
	for i := range 17 {
		if _, err := s.Add(picture(i), image(i)); err != nil {
			t.Fatal(err)
		}
	}
	// What a killed process leaves: its files as they are, and no locks.
	left := filepath.Join(t.TempDir(), "pixels")
	if err := os.CopyFS(left, os.DirFS(c.Dir)); err != nil {
		t.Fatal(err)
	}
	c.Dir = left
	next := fill(t, c, set, 17, 40, true)
	check(t, next, 40)
	closed(t, next)
	if _, total := c.Folder().Files(); total > 2*headerSize+40*(entrySize+length)+23*entrySize {
		t.Errorf("%d bytes: room is kept for what never came", total)
	}
	if len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
}

// TestOneBuildsAndOthersWait, until it ends or they are cancelled.
func TestOneBuildsAndOthersWait(t *testing.T) {
	c, said := cache(t, DefaultLimit)
	first := c.Open(set, "5 x 5", length)
	end, err := first.Build(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Add(picture(0), image(0)); err != nil {
		t.Fatal(err)
	}
	second := c.Open(set, "5 x 5", length) // knows of the file, and of one picture in it
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan struct{})
	c.Log = func(line string) { *said = append(*said, line); close(waits) }
	second.folder.Log = c.Log
	result := make(chan error)
	go func() {
		_, err := second.Build(ctx, 2)
		result <- err
	}()
	<-waits
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := first.Add(picture(1), image(1)); err != nil {
		t.Fatal(err)
	}
	end()
	if _, err := second.Build(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	check(t, second, 2)
	if len(*said) != 1 || !strings.Contains((*said)[0], "waiting for it") {
		t.Errorf("said %q", *said)
	}
}

// TestOldFilesMakeRoom, but for those in use.
func TestOldFilesMakeRoom(t *testing.T) {
	size := int64(headerSize + 10*(entrySize+length))
	c, said := cache(t, 2*size)
	one, two, three := KeyOf("1"), KeyOf("2"), KeyOf("3")
	closed(t, fill(t, c, one, 0, 10, true))
	closed(t, fill(t, c, two, 0, 10, true))
	used := c.Open(one, "", length) // the oldest, and in use
	old := time.Now().Add(-time.Hour)
	list, _ := c.Folder().Files()
	for i, f := range list {
		when := old.Add(time.Duration(i) * time.Second)
		if err := os.Chtimes(f.Path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, fill(t, c, three, 0, 10, true))
	for key, want := range map[Key]int{one: 10, two: 0, three: 10} {
		s := c.Open(key, "", length)
		check(t, s, want)
		closed(t, s)
	}
	s := fill(t, c, KeyOf("4"), 0, 21, true) // more than there is room for beside the one in use
	if s.Len() != 10 || len(*said) != 1 || !strings.Contains((*said)[0], "11 pictures decoded") {
		t.Errorf("%d are there, said %q", s.Len(), *said)
	}
	closed(t, s)
	closed(t, used)
	p := c.Folder().Prune(time.Now().Add(time.Hour), 0)
	if p != (diskcache.Pruned{Files: 2, Bytes: 2 * size}) {
		t.Errorf("pruned %+v", p)
	}
	if left, _ := os.ReadDir(c.Dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// FuzzParse: no bytes make it panic, or take memory for what they do not hold.
func FuzzParse(f *testing.F) {
	c, _ := cache(f, DefaultLimit)
	closed(f, fill(f, c, set, 0, 3, true))
	list, _ := c.Folder().Files()
	good, err := os.ReadFile(list[0].Path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(good[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.MkdirAll(filepath.Dir(list[0].Path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(list[0].Path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		c.Log = nil
		s := c.Open(set, "5 x 5", length)
		defer s.Close()
		for i := range 3 {
			if ref, p, ok := s.Content(picture(i).Content); ok && p == picture(i) {
				s.Read(ref, make([]byte, length))
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const pixels = 3 * 224 * 224
	c, _ := cache(b, DefaultLimit)
	s := c.Open(set, "", pixels)
	end, err := s.Build(b.Context(), 1000)
	if err != nil {
		b.Fatal(err)
	}
	refs := make([]Ref, 1000)
	for i := range refs {
		if refs[i], err = s.Add(picture(i), bytes.Repeat([]byte{byte(i), 9}, pixels/2)); err != nil {
			b.Fatal(err)
		}
	}
	end()
	into := make([]byte, pixels)
	b.SetBytes(pixels)
	for i := 0; b.Loop(); i++ {
		if err := s.Read(refs[i*377%len(refs)], into); err != nil {
			b.Fatal(err)
		}
	}
	closed(b, s)
}
