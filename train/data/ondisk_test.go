package data

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/train/data/augment"
	"github.com/flowerctl/flowerctl/train/pixels"
)

// photographs is a folder of 23 pictures, of which one cannot be read and two are the same.
func photographs(t testing.TB) string {
	t.Helper()
	files := map[string]string{"a/broken.png": "\x89PNG\r\n\x1a\n and no more", "b/again.png": "#4"}
	for i := range 21 {
		files[fmt.Sprintf("%c/%02d.png", 'a'+i%3, i)] = fmt.Sprintf("#%d", i)
	}
	return folder(t, files)
}

// diskCache is a cache in a folder of its own, and what it says. Files count as old.
func diskCache(t testing.TB) (pixels.Cache, *[]string) {
	t.Helper()
	was := fresh
	fresh = -time.Hour
	t.Cleanup(func() { fresh = was })
	said, mu := new([]string), sync.Mutex{}
	return pixels.Cache{Dir: filepath.Join(t.TempDir(), "pixels"), Limit: 1 << 30,
		Log: func(line string) {
			mu.Lock()
			defer mu.Unlock()
			*said = append(*said, line)
		}}, said
}

func loadSet(t testing.TB, dir string, opts LoadOptions) *Cache {
	t.Helper()
	c, err := Load(context.Background(), scan(t, dir), config, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// same compares two caches of one set, and an epoch of each.
func same(t *testing.T, got, want *Cache) {
	t.Helper()
	text := func(c *Cache) string {
		return fmt.Sprint(c.Set.Items, c.Set.Similar, c.Set.Problems, c.Set.Labels)
	}
	if text(got) != text(want) {
		t.Errorf("the set is\n%s, want\n%s", text(got), text(want))
	}
	epoch := func(c *Cache) string {
		c = c.Share()
		if err := c.Set.Split(SplitOptions{Seed: 1}); err != nil {
			t.Fatal(err)
		}
		strong, err := augment.ParsePolicy("strong")
		if err != nil {
			t.Fatal(err)
		}
		l := newLoader(t, c, Train, LoaderOptions{Batch: 4, Shuffle: true, Augment: strong, Size: 5})
		plain := newLoader(t, c, Val, LoaderOptions{Batch: 4})
		return fmt.Sprint(keep(t, l, 0), keep(t, l, 1), keep(t, plain, 0))
	}
	if epoch(got) != epoch(want) {
		t.Error("the batches are others")
	}
	for i := range want.Set.Items {
		if !bytes.Equal(imageOf(t, got, i), imageOf(t, want, i)) {
			t.Errorf("%s has other pixels", want.Set.Items[i].Path)
		}
	}
}

func packs(t testing.TB, c pixels.Cache) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(c.Dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPixelsOnDiskAreThoseInMemory(t *testing.T) {
	dir := photographs(t)
	cache, said := diskCache(t)
	want := loadSet(t, dir, LoadOptions{})
	for _, what := range []string{"the first time", "the second time"} {
		c := loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache})
		same(t, c, want)
		if !c.OnDisk() || strings.Contains(c.Kept(), "not there") {
			t.Errorf("%s: %s", what, c.Kept())
		}
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.CopyFS(moved, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	before := len(packs(t, cache))
	same(t, loadSet(t, moved, LoadOptions{Pixels: OnDisk, Disk: cache}), want)
	if n := len(packs(t, cache)); n != before {
		t.Errorf("%d files for the same pictures elsewhere, %d before", n, before)
	}
	if len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
	if c := loadSet(t, dir, LoadOptions{Pixels: Auto, Disk: cache}); c.OnDisk() {
		t.Error("few pictures are not in memory")
	}
	if c := loadSet(t, dir, LoadOptions{Pixels: Auto, Disk: cache, Memory: 1000}); !c.OnDisk() {
		t.Error("pictures that do not fit into memory are in it")
	}
}

// TestKnownFilesAreNotReadAgain: what the cache has for a file with this name, size and
// time is taken, and a file that changed is read.
func TestKnownFilesAreNotReadAgain(t *testing.T) {
	dir := photographs(t)
	cache, _ := diskCache(t)
	set := scan(t, dir)
	d := newOnDisk(set, config, cache)
	end, err := d.store.Build(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p := pixels.Picture{Seen: set.seen("a/00.png"), Content: pixels.KeyOf("made up")}
	if _, err := d.store.Add(p, bytes.Repeat([]byte{7}, 3*6*6)); err != nil {
		t.Fatal(err)
	}
	end()
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	first := func() byte {
		c := loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache})
		if c.Set.Items[0].Path != "a/00.png" {
			t.Fatal(c.Set.Items[0].Path)
		}
		return imageOf(t, c, 0)[0]
	}
	if got := first(); got != 7 {
		t.Errorf("the file was read: its first value is %d", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "a", "00.png"), pngOf(t, 3), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := first(); got != 3 {
		t.Errorf("a file that changed was not read: its first value is %d, want 3", got)
	}
	fresh = time.Hour
	if k := set.seen("a/00.png"); k != (pixels.Key{}) {
		t.Error("a file that was written a moment ago is known by its time")
	}
}

// TestADamagedCacheIsGoneRound, during a run and before one.
func TestADamagedCacheIsGoneRound(t *testing.T) {
	dir := photographs(t)
	want := loadSet(t, dir, LoadOptions{})
	for name, damage := range map[string]func(path string) error{
		"cut short": func(path string) error { return os.Truncate(path, 6500) },
		"nothing":   func(path string) error { return os.Truncate(path, 0) },
		"removed":   os.Remove,
		"a bit": func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[len(b)-1] ^= 1
				err = overwrite(path, b)
			}
			return err
		},
		"an entry": func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[400] ^= 1
				err = overwrite(path, b)
			}
			return err
		},
		"another version": func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil {
				b[6] = '2'
				err = overwrite(path, b)
			}
			return err
		},
	} {
		cache, said := diskCache(t)
		c, err := Load(t.Context(), scan(t, dir), config, LoadOptions{Pixels: OnDisk, Disk: cache})
		if err != nil {
			t.Fatal(err)
		}
		if err := damage(packs(t, cache)[0]); err != nil {
			t.Fatal(err)
		}
		same(t, c, want)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if len(*said) > 1 {
			t.Errorf("%s: during a run, said %q", name, *said)
		}
		again := loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache})
		same(t, again, want)
		if again.disk.lacking() > 0 || len(*said) > 2 {
			t.Errorf("%s: %s; said %q", name, again.Kept(), *said)
		}
		whole := loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache})
		same(t, whole, want)
		if name != "removed" && len(*said) == 0 {
			t.Errorf("%s: nobody heard of it", name)
		}
	}
}

// overwrite leaves the file the same file, as what opened it sees it.
func overwrite(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(b, 0)
	return err
}

// TestWhatIsNotKeptIsDecoded: with a cache too small, without one, and with a file where
// its folder should be.
func TestWhatIsNotKeptIsDecoded(t *testing.T) {
	dir := photographs(t)
	want := loadSet(t, dir, LoadOptions{})
	small, off, file := 0, 0, 0
	for name, change := range map[string]func(*pixels.Cache) *int{
		"small": func(c *pixels.Cache) *int { c.Limit = 148 + 8*(272+108) + 5; return &small },
		"off":   func(c *pixels.Cache) *int { c.Limit = 0; return &off },
		"file": func(c *pixels.Cache) *int {
			if err := os.WriteFile(c.Dir, nil, 0o666); err != nil {
				t.Fatal(err)
			}
			return &file
		},
	} {
		cache, said := diskCache(t)
		lacking := change(&cache)
		c := loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache})
		same(t, c, want)
		*lacking = c.disk.lacking()
		if !strings.Contains(c.Kept(), "decoded in every epoch") || name != "off" && len(*said) != 1 {
			t.Errorf("%s: %s; said %q", name, c.Kept(), *said)
		}
	}
	if n := want.Len(); small == 0 || small == n || off != n || file != n {
		t.Errorf("%d, %d and %d of %d are decoded", small, off, file, n)
	}
}

// TestTwoLoadAtOnce: each picture is decoded by one of them.
func TestTwoLoadAtOnce(t *testing.T) {
	dir := photographs(t)
	cache, _ := diskCache(t)
	want := loadSet(t, dir, LoadOptions{})
	var both [2]*Cache
	var wg sync.WaitGroup
	for i := range both {
		wg.Go(func() {
			var err error
			if both[i], err = Load(t.Context(), scan(t, dir), config,
				LoadOptions{Pixels: OnDisk, Disk: cache}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, c := range both {
		same(t, c, want)
		if c.disk.lacking() > 0 {
			t.Error(c.Kept())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if list := packs(t, cache); len(list) != 1 {
		t.Errorf("%v, want one file", list)
	}
}

// TestAPictureThatChangedDuringTheRunIsAnError where it has to be decoded again.
func TestAPictureThatChangedDuringTheRunIsAnError(t *testing.T) {
	dir := photographs(t)
	cache, _ := diskCache(t)
	cache.Limit = 0
	c := loadSet(t, dir, LoadOptions{Pixels: OnDisk, Disk: cache})
	if err := os.WriteFile(filepath.Join(dir, "a", "00.png"), pngOf(t, 3), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := c.Image(0)
	wantError(t, err, "a/00.png: not the bytes that it had when the images were read")
}
