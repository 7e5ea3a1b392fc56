package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/fixtures/flowers"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/data"
)

// finished is a run as its folder has it: what export and verify start from.
type finished struct {
	dir        string
	settings   settings
	checkpoint *checkpoint.Checkpoint
}

// runFlags name a run and one of its checkpoints, and other images than its own.
func runFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "run", Value: filepath.Join(runsDir, latestRun), Usage: "folder of the run, `RUN`"},
		&cli.StringFlag{Name: "checkpoint", Value: "best", Usage: "of the run: `best` or last"},
		&cli.StringFlag{Name: "data", Usage: "compare on `DIR`, with a folder of images per class, instead of the run's validation images"},
	}
}

// openFinished loads what the flags name.
func openFinished(c *cli.Context) (*finished, error) {
	name, ok := map[string]string{"best": train.BestFile, "last": train.LastFile}[c.String("checkpoint")]
	if !ok {
		return nil, usagef("--checkpoint: got %q, want best or last", c.String("checkpoint"))
	}
	dir, err := findRun(c.String("run"))
	if err != nil {
		return nil, err
	}
	return loadFinished(dir, name)
}

// loadFinished loads a run's settings and the checkpoint of that name.
func loadFinished(dir, name string) (*finished, error) {
	r := &finished{dir: dir, settings: defaultSettings()}
	text, err := os.ReadFile(filepath.Join(dir, train.ConfigFile))
	if err != nil {
		return nil, fileError(err)
	}
	if err := r.settings.decode(text); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, train.ConfigFile), err)
	}
	path := filepath.Join(dir, name)
	if r.checkpoint, err = checkpoint.Load(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fail(fmt.Errorf("run %s has no %s", dir, name), "the run ended before its first epoch did")
	}
	return r, fileError(err)
}

// photos are up to n of a part's images, spread over it; 0 means all. source says
// where they are from. --data names a folder to take them from instead, whatever
// their part.
func (r *finished) photos(ctx context.Context, dir string, part data.Part, n int) (list []verify.Photo, source string, err error) {
	if dir != "" {
		set, err := data.Scan(ctx, dir, data.ScanOptions{})
		if err != nil {
			return nil, "", err
		}
		return r.fromFolder(set, set.Items, n), dir, nil
	}
	split, err := splitOf(filepath.Join(r.dir, train.SplitFile))
	if err != nil {
		return nil, "", err
	}
	var items []data.Item
	for _, i := range split.Indices(part) {
		items = append(items, split.Items[i])
	}
	if len(items) == 0 {
		return nil, "", fmt.Errorf("%s: no image of part %s", filepath.Join(r.dir, train.SplitFile), part)
	}
	if r.settings.Data == "" {
		list, err = r.drawn(items, n)
		return list, fmt.Sprintf("drawn flowers (%s)", part), err
	}
	split.Dir = r.settings.Data
	if _, err := os.Stat(split.Dir); err != nil {
		return nil, "", fail(fmt.Errorf("%s: the images that the run was trained on are not there", split.Dir),
			"--data DIR compares on other images")
	}
	return r.fromFolder(split, items, n), fmt.Sprintf("%s (%s)", split.Dir, part), nil
}

// fromFolder opens the files of a set. Its classes are matched with the
// network's by name; others have no label.
func (r *finished) fromFolder(set *data.Set, items []data.Item, n int) []verify.Photo {
	class := map[string]int{}
	for i, label := range r.checkpoint.Labels {
		class[label] = i
	}
	var list []verify.Photo
	decoder := new(imageprep.Decoder)
	for _, i := range spread(len(items), n) {
		item := items[i]
		label, ok := class[set.Labels[item.Class]]
		if !ok {
			label = -1
		}
		path := filepath.Join(set.Dir, filepath.FromSlash(item.Path))
		list = append(list, verify.Photo{Name: path, Label: label, Open: func() (imageprep.Image, error) {
			return decoder.Decode(imageprep.File(path))
		}})
	}
	return list
}

// drawn draws the run's flowers again, each from its number.
func (r *finished) drawn(items []data.Item, n int) ([]verify.Photo, error) {
	var list []verify.Photo
	for _, i := range spread(len(items), n) {
		item := items[i]
		number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(item.Path), ".png"))
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no drawn flower", filepath.Join(r.dir, train.SplitFile), item.Path)
		}
		seed, size := data.DrawnSeed(r.settings.Seed, number), r.settings.Size
		list = append(list, verify.Photo{Name: item.Path, Label: item.Class, Open: func() (imageprep.Image, error) {
			return flowers.Draw(flowers.Kind(item.Class), seed, size), nil
		}})
	}
	return list, nil
}

// spread are n indices under all, evenly; all of them where n is 0 or more than
// there are.
func spread(all, n int) []int {
	if n == 0 || n > all {
		n = all
	}
	out := make([]int, n)
	for i := range out {
		out[i] = i * all / n
	}
	return out
}
