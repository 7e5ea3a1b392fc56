package sharded

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/remedy"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/cmd/internal/stores"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/objects"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/archive"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/table"
)

// Listing is how a manifest is written.
type Listing struct {
	Data   string // a folder with classes, in place of the command's arguments
	Out    string // the file; "": the standard output
	Column string // of Parquet files; "": it is found
	NoHash bool
}

// Run writes the manifest to the standard output, or to Out when it is complete.
func (o *Listing) Run(c *shell.Call) (err error) {
	if (len(c.Files) > 0) == (o.Data != "") {
		return shell.Fail(shell.Usagef("want SOURCE or --data, one of them"),
			"flowerctl list photos/ > manifest.jsonl")
	}
	s, err := stores.Of(c, append(slices.Clone(c.Files), o.Data)...)
	if err != nil {
		return err
	}
	defer shell.Closing(&err, s.Close)
	for _, name := range c.Files {
		if err := noArchive(name); err != nil {
			return err
		}
	}
	if err := mayReplace(o.Out); err != nil {
		return err
	}
	failed := 0
	var archives []string
	how := shard.ListOptions{NoHash: o.NoHash, Skipped: func(left bool, err error) {
		if !left {
			failed++
		} else if name, _, _ := strings.Cut(err.Error(), ": "); isArchive(name) {
			archives = append(archives, name)
		}
		if !left || errors.Is(err, pictures.ErrFolderLink) {
			c.Say("%s", shell.OneLine(err))
		}
	}}
	sources, classes, err := o.sources(c, s)
	if err != nil {
		return err
	}
	how.Classes = classes
	var sum shard.Summary
	write := func(w io.Writer) (err error) {
		sum, err = shard.List(c.Ctx, w, sources, how)
		return err
	}
	if o.Out == "" {
		err = write(c.Out)
	} else {
		err = atomicfile.Write(o.Out, write)
	}
	if len(archives) > 0 {
		c.Say("left out: %s: %v", table.Some(archives), errArchive)
	}
	if errors.Is(err, shard.ErrNoPictures) {
		err = fmt.Errorf("%s: %w", cmp.Or(o.Data, pictures.Arguments{Names: c.Files}.String()), err)
	}
	switch {
	case errors.Is(err, shard.ErrNoPictures) && len(archives) > 0:
		return shell.Fail(err, inArchives("predict", archives[0]))
	case err != nil:
		return err
	case failed > 0:
		return fmt.Errorf("%d of %s cannot be read", failed, table.Count(sum.Pictures, "file"))
	}
	c.Say("%d listed", sum.Pictures)
	return nil
}

// sources are the pictures to list: of a folder with classes, or else those that the
// command's arguments mean.
func (o *Listing) sources(c *shell.Call, s *objects.Stores) (sources iter.Seq[shard.Source],
	classes []string, err error) {
	dir := o.Data
	if dir == "" {
		return named(pictures.Arguments{Names: c.Files, Stdin: c.In, List: true, Objects: s,
			Tables: stores.Tables(), Column: o.Column}), nil, nil
	}
	if objects.Is(dir) {
		return inStore(s, dir)
	}
	set, err := data.Scan(c.Ctx, dir, data.ScanOptions{})
	if err != nil {
		return nil, nil, remedy.Images(err, "want DIR/daisy/1.jpg, DIR/rose/2.jpg ...")
	}
	if set.Archived() {
		return nil, nil, shell.Fail(fmt.Errorf("--data: %s is tar or zip files, and a manifest lists "+
			"files", dir), inArchives("eval --data", dir))
	}
	return labelled(set), set.Labels, nil
}

// mayReplace refuses to write a manifest over a file of another kind: a model, a picture.
// A manifest is written again, as the same command makes the same one.
func mayReplace(out string) error {
	info, err := os.Stat(out)
	switch {
	case out == "" || errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil || info.IsDir():
		return shell.MayWrite(out, false)
	case !info.Mode().IsRegular() || info.Size() == 0:
		return nil
	}
	f, err := os.Open(out)
	if err != nil {
		return err
	}
	defer f.Close()
	start := make([]byte, len(shard.ManifestStart))
	if _, err := io.ReadFull(f, start); err != nil || string(start) != shard.ManifestStart {
		return shell.Fail(fmt.Errorf("--out: %s is there already, and is no manifest", out),
			"name another file, or remove it")
	}
	return nil
}

var errArchive = errors.New("a tar or zip file, and a manifest lists files, not what is in them")

func isArchive(name string) bool {
	name = objects.Key(name)
	return archive.Is(name) || archive.Compressed(name)
}

// inArchives says which command reads the pictures in archives.
func inArchives(command, name string) string {
	return "flowerctl " + command + " " + name + " answers for the pictures in it"
}

// noArchive refuses a tar or zip file: its pictures are not files.
func noArchive(name string) error {
	files, err := filepath.Glob(name)
	if err != nil || len(files) == 0 { // as it is, or an error of its own
		files = []string{name}
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && !info.IsDir() && isArchive(file) {
			return shell.FailWith(shell.ExitUsage, fmt.Errorf("%s: %w", file, errArchive),
				inArchives("predict", file))
		}
	}
	return nil
}

// named are the pictures that arguments mean.
func named(a pictures.Arguments) iter.Seq[shard.Source] {
	return func(yield func(shard.Source) bool) {
		for p := range pictures.List(a) {
			if p.Tag == 0 && p.Err == nil && isArchive(p.Name) { // a name on the standard input
				p.Err = fmt.Errorf("%s: %w", p.Name, errArchive)
			}
			if !yield(shard.Source{Picture: p}) {
				return
			}
		}
	}
}

// inStore are the pictures of a folder with classes in an object store.
func inStore(o *objects.Stores, dir string) (sources iter.Seq[shard.Source], classes []string,
	err error) {
	root, err := objects.Parse(dir)
	if err != nil {
		return nil, nil, err
	}
	if root.Key != "" {
		root.Key = strings.TrimSuffix(root.Key, "/") + "/"
	}
	classes, err = o.Folders(root.String())
	if err != nil {
		return nil, nil, err
	}
	classes = slices.DeleteFunc(classes, func(name string) bool {
		return name == "" || strings.HasPrefix(name, ".")
	})
	if len(classes) == 0 {
		return nil, nil, shell.Fail(fmt.Errorf("%s: no classes: no objects in folders below it", dir),
			"want DIR/daisy/1.jpg, DIR/rose/2.jpg ...")
	}
	return func(yield func(shard.Source) bool) {
		for _, class := range classes {
			in := root.With(root.Key + class + "/").String()
			for p := range pictures.List(pictures.Arguments{Names: []string{in}, Objects: o}) {
				path := strings.TrimPrefix(objects.Key(p.Name), root.Key)
				if !yield(shard.Source{Picture: p, Path: path, Class: class}) {
					return
				}
			}
		}
	}, classes, nil
}

// labelled are the pictures of a set with their classes; those that cannot be read come
// first, as in what eval prints.
func labelled(set *data.Set) iter.Seq[shard.Source] {
	items, unreadable := set.Of("", nil)
	source := func(path string, class int, reason string) shard.Source {
		s := shard.Source{Path: path, Class: set.Labels[class]}
		s.Name = filepath.Join(set.Dir, filepath.FromSlash(path))
		if reason != "" {
			s.Picture = infer.Picture{Name: s.Name, Err: errors.New(s.Name + ": " + reason)}
		}
		return s
	}
	return func(yield func(shard.Source) bool) {
		for _, p := range unreadable {
			if !yield(source(p.Path, 0, p.Reason)) {
				return
			}
		}
		for _, item := range items {
			if !yield(source(item.Path, item.Class, "")) {
				return
			}
		}
	}
}
