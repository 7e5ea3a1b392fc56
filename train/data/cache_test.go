package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/machine"
)

var config = imageprep.Config{Size: 6, Resize: imageprep.Stretch}

func scan(t testing.TB, dir string) *Set {
	t.Helper()
	set, err := Scan(context.Background(), dir, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// imageOf is an image of a cache that can be read.
func imageOf(t testing.TB, c *Cache, i int) []uint8 {
	t.Helper()
	pixels, err := c.Image(i)
	if err != nil {
		t.Fatal(err)
	}
	return pixels
}

func TestLoadReadsEveryFile(t *testing.T) {
	files := map[string]string{"a/broken.png": "\x89PNG\r\n\x1a\n and no more", "b/cut.png": string(pngOf(t, 3)[:40])}
	for i := range 20 {
		files[fmt.Sprintf("%c/%02d.png", 'a'+i%3, i)] = fmt.Sprintf("#%d", i)
	}
	dir := folder(t, files)
	set := scan(t, dir)
	before := set.Digest()
	var calls []int
	c, err := Load(context.Background(), set, config, LoadOptions{Workers: 3,
		Progress: func(done, total int) {
			calls = append(calls, done)
			if total != 22 {
				t.Errorf("total %d, want 22", total)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Len() != 20 || c.Size() != 6 || set.Digest() != before {
		t.Errorf("%d images of %d pixels a side, want 20 of 6, and the set left alone", c.Len(), c.Size())
	}
	for i, n := range calls {
		if n != i+1 {
			t.Fatalf("progress told %v, want 1, 2, 3 ...", calls)
		}
	}
	wantEqual(t, "problems", problems(c.Set), []string{"unreadable:a/broken.png", "unreadable:b/cut.png"})
	for _, p := range c.Set.Problems { // its path is in front of it
		if strings.Contains(p.Reason, p.Path) || !strings.Contains(p.Reason, "image") {
			t.Errorf("reason %q", p.Reason)
		}
	}
	for i, it := range c.Set.Items {
		data, err := os.ReadFile(filepath.Join(dir, it.Path))
		if err != nil {
			t.Fatal(err)
		}
		want, err := new(imageprep.Decoder).Prepare(imageprep.Bytes(data), config)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(imageOf(t, c, i), want.Pix) {
			t.Errorf("image %d is not that of %s", i, it.Path)
		}
		if sum := sha256.Sum256(data); it.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: hash %s", it.Path, it.SHA256)
		}
	}

	_, err = Load(context.Background(), set, config, LoadOptions{Strict: true})
	if err == nil {
		t.Fatal("strict, and no error for a broken image")
	}
}

func TestLoadInsistsOnTheBytesOfTheSplit(t *testing.T) {
	files := map[string]string{}
	for i := range 8 {
		files[fmt.Sprintf("%c/%d.png", 'a'+i%2, i)] = fmt.Sprintf("#%d", i)
	}
	dir := folder(t, files)
	c, err := Load(context.Background(), scan(t, dir), config, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set.Split(SplitOptions{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Set.WriteSplit(&b); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		set, err := ReadSplit(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		set.Dir = dir
		again, err := Load(context.Background(), set, config, LoadOptions{})
		if err == nil && !bytes.Equal(again.pix, c.pix) {
			t.Error("other pixels from the same split")
		}
		return err
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "b", "3.png")
	if err := os.WriteFile(name, pngOf(t, 99), 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, read(), "b/3.png: not the bytes that the split was made for")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	err = read()
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v, want %v", err, fs.ErrNotExist)
	}
	wantError(t, err, ": b/3.png: ")
	wantError(t, err, ": 1 of the 8 images of the split are not there")
	for gone, want := range map[int]string{1: "put the images back", 8: "--data DIR says where they are now"} {
		changed := &ChangedError{Dir: dir, Path: "a", Gone: gone, Of: 8}
		if hint := changed.Hint(); !strings.HasPrefix(hint, want) {
			t.Errorf("%d of 8 gone: got %s, want %s", gone, hint, want)
		}
	}
	if err := os.Rename(dir, dir+" moved"); err != nil {
		t.Fatal(err)
	}
	wantError(t, read(), ": no such folder, want that of the 8 images of the split")
	if strings.Count(err.Error(), "3.png") != 1 {
		t.Errorf("its name is there twice: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	ctx := context.Background()
	dir := folder(t, map[string]string{"a/1.png": "#1", "a/2.png": "#2", "b/3.png": "GIF89a"})
	_, err := Load(ctx, scan(t, dir), config, LoadOptions{})
	wantError(t, err, `class "b": none of its images can be read`)

	_, err = Load(ctx, scan(t, dir), imageprep.Config{Size: 0}, LoadOptions{})
	wantError(t, err, "size")

	_, err = Load(ctx, scan(t, dir), config, LoadOptions{Memory: 3*3*6*6 - 1})
	wantError(t, err, "use fewer images or a smaller size")

	many := &Set{Dir: "photos", Items: make([]Item, 1e5)}
	_, err = Load(ctx, many, imageprep.Config{Size: 224}, LoadOptions{Memory: 2 << 30})
	wantError(t, err, "data photos: 100000 images of 224x224 need 14.0 GiB of memory, 2.0 GiB are allowed")

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = Load(cancelled, scan(t, dir), config, LoadOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestFreeMemoryIsPlausible(t *testing.T) {
	free, ok := machine.FreeMemory()
	if !ok {
		t.Skip("this system does not say how much memory is free")
	}
	if free < 1<<20 || free > 1<<50 {
		t.Errorf("%d bytes free", free)
	}
}

func TestDrawnIsASet(t *testing.T) {
	ctx := context.Background()
	c, err := Drawn(ctx, 52, 12, 5)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Drawn(ctx, 52, 12, 5)
	if err != nil {
		t.Fatal(err)
	}
	if c.Set.Digest() != again.Set.Digest() || !bytes.Equal(c.pix, again.pix) {
		t.Error("the same seed drew two sets")
	}
	if other, err := Drawn(ctx, 52, 12, 6); err != nil || bytes.Equal(other.pix, c.pix) {
		t.Errorf("another seed drew the same set (%v)", err)
	}
	if got := fmt.Sprint(c.Set.Counts("")); got != "[10 10 11 10 11]" {
		t.Errorf("%s images by class, want as many of each as can be", got)
	}
	if err := c.Set.Split(SplitOptions{}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Set.WriteSplit(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSplit(&b); err != nil {
		t.Error(err)
	}
	_, err = Drawn(ctx, 9, 12, 5)
	wantError(t, err, "want at least 10")
}
