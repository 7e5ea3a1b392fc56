// Package caches has the flags of what trainings keep on disk, pixels and features, and
// what `flowerctl data cache` shows and removes. Start at [Flags].
package caches

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/features"
	"github.com/flowerctl/flowerctl/train/pixels"
	"github.com/flowerctl/flowerctl/train/run"
)

// Flags say where and how much trainings keep.
type Flags struct {
	pixels, dir, size string
}

// List is the flags of a training.
func (f *Flags) List() []cli.Flag {
	return []cli.Flag{
		shell.TextFlag(&f.pixels, "pixels", string(data.Auto),
			"`WHERE` pixels are kept: memory; disk; or auto, disk where they take over two fifths "+
				"of the free memory and can be kept there"),
		f.Dir(),
		shell.TextFlag(&f.size, "cache-size", "",
			"keep `SIZE` at most of pixels on disk, and of features that are not trained, for other runs, "+
				"as in 20GB (MB without a unit); 0: nothing; empty: 50GB of pixels, or half of what is free, "+
				"and 1GiB of features"),
	}
}

// Dir is the flag for the folder.
func (f *Flags) Dir() cli.Flag {
	return shell.TextFlag(&f.dir, "cache-dir", "",
		"`DIR` of pixels and features that can be written, in place of your cache folder")
}

// Put checks the flags and puts them into a training's options.
func (f *Flags) Put(c *shell.Call, to *run.Options) error {
	limit := int64(-1)
	if f.size != "" {
		var err error
		if limit, err = Size("--cache-size", f.size); err != nil {
			return err
		}
	}
	if !slices.Contains(data.Places(), data.Where(f.pixels)) {
		return shell.Usagef("--pixels: got %q, want one of %v", f.pixels, data.Places())
	}
	say := func(line string) { c.Say("%s", line) }
	to.Pixels, to.Disk = data.Where(f.pixels), pixels.Cache{Limit: limit, Log: say}
	to.Frozen.Cache = features.Cache{Limit: limit, Log: say}
	var err error
	if to.Disk.Dir, to.Frozen.Cache.Dir, err = f.dirs(); err != nil && limit != 0 {
		c.Say("pixels and features are not kept on disk: %v", err)
	}
	if limit != 0 && f.dir != "" {
		if err := cmp.Or(to.Disk.Folder().Usable(), to.Frozen.Cache.Folder().Usable()); err != nil {
			return shell.FailWith(shell.ExitUsage, fmt.Errorf("--cache-dir: %w", err),
				"name a folder that can be written, or none for that in your cache folder")
		}
	}
	if to.Pixels == data.OnDisk && limit != 0 && f.dir == "" {
		f.inMemory(c, to)
	}
	if limit < 0 {
		to.Disk.Limit, to.Frozen.Cache.Limit = pixels.DefaultLimitAt(to.Disk.Dir), features.DefaultLimit
	}
	return nil
}

// inMemory puts pixels into memory that should be in the usual folder, where that cannot be.
func (f *Flags) inMemory(c *shell.Call, to *run.Options) {
	if to.Disk.Dir != "" {
		err := to.Disk.Folder().Usable()
		if err == nil {
			return
		}
		c.Say("pixels are not kept on disk: %s: in memory if they fit there; --cache-dir names another "+
			"folder", shell.PlainText(err))
	}
	to.Pixels, to.Disk.Dir = data.Auto, ""
}

// Automatic puts what trainings without the flags have into a training's options.
func Automatic(c *shell.Call, to *run.Options) error {
	f := Flags{pixels: string(data.Auto)}
	return f.Put(c, to)
}

// dirs are the folders of pixels and of features.
func (f *Flags) dirs() (ofPixels, ofFeatures string, err error) {
	if f.dir != "" {
		return filepath.Join(f.dir, "pixels"), filepath.Join(f.dir, "features"), nil
	}
	if ofPixels, err = pixels.DefaultDir(); err == nil {
		ofFeatures, err = features.DefaultDir()
	}
	return ofPixels, ofFeatures, err
}

// units are what a size may end in, those first that others end in too.
var units = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}, {"", 1 << 20},
}

// Size reads a number of bytes, such as 20GB, 1.5 GiB, or 512 for MiB. flag is for the
// error.
func Size(flag, text string) (int64, error) {
	word := strings.ToLower(strings.TrimSpace(text))
	for _, u := range units {
		number, ok := strings.CutSuffix(word, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0 && v*u.bytes < math.MaxInt64) {
			break
		}
		return int64(v * u.bytes), nil
	}
	return 0, shell.FailWith(shell.ExitUsage, fmt.Errorf("%s: got %s, want 0 (nothing is kept) "+
		"or a size", flag, text), flag+" 20GB")
}
