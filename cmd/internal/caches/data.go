package caches

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/train/diskcache"
	"github.com/flowerctl/flowerctl/train/features"
	"github.com/flowerctl/flowerctl/train/pixels"
	"github.com/flowerctl/flowerctl/train/table"
)

// Command is `flowerctl data cache`.
func Command() *cli.Command {
	list, prune := new(listing), new(pruning)
	return &cli.Command{
		Name:  "cache",
		Usage: "what trainings keep on disk: pixels that memory does not hold, features not trained",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "what is kept, and when it was used last",
				Flags: list.list(), Action: shell.Action(list.run)},
			{Name: "prune", Usage: "remove it, but for what a training is using",
				Description: `  flowerctl data cache prune
  flowerctl data cache prune --older-than 720h
  flowerctl data cache prune --keep 20GB`,
				Flags: prune.list(), Action: shell.Action(prune.run)},
		},
	}
}

// listing is `flowerctl data cache list`.
type listing struct {
	flags Flags
	json  bool
}

// list is its flags.
func (l *listing) list() []cli.Flag { return []cli.Flag{l.flags.Dir(), shell.JSONFlag(&l.json)} }

// listed is what the caches hold.
type listed struct {
	Pixels        []pixels.Set `json:"pixels"`
	FeaturesDir   string       `json:"features_dir"`
	FeaturesFiles int          `json:"features_files"`
	FeaturesBytes int64        `json:"features_bytes"`
	used          time.Time
}

// run shows what is kept.
func (l *listing) run(c *shell.Call) error {
	if err := c.NoFiles(); err != nil {
		return err
	}
	ofPixels, ofFeatures, err := l.flags.caches(c)
	if err != nil {
		return err
	}
	all := listed{Pixels: ofPixels.List(), FeaturesDir: ofFeatures.Dir}
	if all.Pixels == nil {
		all.Pixels = []pixels.Set{}
	}
	files, total := ofFeatures.Folder().Files()
	all.FeaturesFiles, all.FeaturesBytes = len(files), total
	if len(files) > 0 {
		all.used = files[len(files)-1].Used
	}
	return c.Write(l.json, &all, &all)
}

// WriteText writes them as a table.
func (l *listed) WriteText(w io.Writer) error {
	const minutes = "2006-01-02 15:04"
	if len(l.Pixels)+l.FeaturesFiles == 0 {
		_, err := fmt.Fprintln(w, "nothing is kept")
		return err
	}
	t := table.New("kind", "prepared", "pictures", "size", "last used", "folder")
	for _, s := range l.Pixels {
		t.Add("pixels", s.About, s.Pictures, table.Bytes(s.Bytes), s.Used.Format(minutes), s.Dir)
	}
	if l.FeaturesFiles > 0 {
		t.Add("features", "", "", table.Bytes(l.FeaturesBytes), l.used.Format(minutes), l.FeaturesDir)
	}
	return t.WriteText(w)
}

// caches are the caches that the flags mean.
func (f *Flags) caches(c *shell.Call) (*pixels.Cache, *features.Cache, error) {
	say := func(line string) { c.Say("%s", line) }
	p, of := &pixels.Cache{Log: say}, &features.Cache{Log: say}
	var err error
	if p.Dir, of.Dir, err = f.dirs(); err != nil {
		return nil, nil, shell.Fail(err, "--cache-dir names the folder")
	}
	for _, dir := range []string{p.Dir, of.Dir} { // what cannot be read is not empty
		_, err := os.ReadDir(dir)
		switch {
		case err == nil || errors.Is(err, fs.ErrNotExist):
		case f.dir != "":
			return nil, nil, shell.Usagef("--cache-dir: %w", err)
		default:
			return nil, nil, err
		}
	}
	return p, of, nil
}

// pruning is `flowerctl data cache prune`.
type pruning struct {
	flags Flags
	older time.Duration
	keep  string
	json  bool
}

// list is its flags.
func (p *pruning) list() []cli.Flag {
	return []cli.Flag{
		shell.DurationFlag(&p.older, "older-than", 0, "only what was not used for `TIME`, as in 720h"),
		shell.TextFlag(&p.keep, "keep", "", "only until `SIZE` of pixels is left, and of features, as "+
			"in 20GB"),
		p.flags.Dir(), shell.JSONFlag(&p.json),
	}
}

// pruned is what went.
type pruned struct {
	Pixels   diskcache.Pruned `json:"pixels"`
	Features diskcache.Pruned `json:"features"`
}

// run removes what the flags say.
func (p *pruning) run(c *shell.Call) error {
	if err := c.NoFiles(); err != nil {
		return err
	}
	keep := int64(0)
	if p.keep != "" {
		var err error
		if keep, err = Size("--keep", p.keep); err != nil {
			return err
		}
	}
	if p.older < 0 {
		return shell.Usagef("--older-than: got %v, want 0 or more", p.older)
	}
	ofPixels, ofFeatures, err := p.flags.caches(c)
	if err != nil {
		return err
	}
	var before time.Time
	if p.older > 0 {
		before = time.Now().Add(-p.older)
	}
	gone := pruned{ofPixels.Folder().Prune(before, keep), ofFeatures.Folder().Prune(before, keep)}
	return c.Write(p.json, gone, &gone)
}

// WriteText writes a line for each cache.
func (p *pruned) WriteText(w io.Writer) error {
	for _, x := range []struct {
		name string
		diskcache.Pruned
	}{{"pixels", p.Pixels}, {"features", p.Features}} {
		use := ""
		if x.InUse > 0 {
			use = fmt.Sprintf("; in use: %s", table.Count(x.InUse, "file"))
		}
		if _, err := fmt.Fprintf(w, "%s: %s of %s removed, %s left%s\n", x.name,
			table.Count(x.Files, "file"),
			table.Bytes(x.Pruned.Bytes), table.Bytes(x.Left), use); err != nil {
			return err
		}
	}
	return nil
}
