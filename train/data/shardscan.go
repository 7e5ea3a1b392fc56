package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/archive"
	"github.com/flowerctl/flowerctl/train/table"
)

// shardFile is what is in one shard.
type shardFile struct {
	file     string // from the root
	pictures []shardPicture
	labels   map[string][]byte // the texts of .cls and .json, by name
	problems []Problem
	refused  []Problem // those of problems that are errors where all must be good
	err      error
}

// shardPicture is a file that is called like a picture, and whether it starts like one.
type shardPicture struct {
	archive.Member
	ok  bool
	err error
}

// maxLabel is how many bytes a file with a label has at most.
const maxLabel = 1 << 20

// scanShards lists the pictures of shards, as Scan does those of a folder: the same
// pictures with the same names and classes give the same set.
func scanShards(ctx context.Context, shards *Shards, opts ScanOptions) (*Set, error) {
	parts, err := shards.parts()
	if err != nil {
		return nil, &ShardError{Err: err}
	}
	read := make([]shardFile, len(shards.Files))
	err = parallel(ctx, 0, len(read), func(i int) error {
		read[i] = shardFile{file: shards.Files[i], labels: map[string][]byte{}}
		read[i].read(ctx, filepath.Join(shards.Root, filepath.FromSlash(shards.Files[i])))
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	sc := &shardScanner{shards: shards, keys: map[string]string{}}
	sc.list = &LabelList{File: shards.Name}
	sc.binary = `one label that pictures have or not: those without it have KEY.json with "labels": []`
	sc.scanner = scanner{ctx: ctx, opts: opts, excluded: map[int]bool{}, hinted: map[string]bool{},
		set: &Set{Dir: shards.Root, List: shards.Name, members: map[string]archive.Member{}}}
	rows, err := sc.rows(read, parts)
	var bad *ShardError
	if errors.As(err, &bad) {
		return nil, err
	}
	if err == nil {
		err = sc.nameNumbers(rows)
	}
	if err == nil && len(rows) == 0 {
		p, help := firstProblem(sc.set)
		return nil, &ShardError{Help: help, Err: fmt.Errorf("data %s: no picture with a label in %s%s",
			shards.Name, table.Count(len(read), "shard"), p)}
	}
	if err != nil {
		return nil, &ShardError{Err: err}
	}
	sc.items(rows)
	sc.set.NotFound = sc.notFound()
	return sc.set, sc.checkLabels()
}

// firstProblem is a problem to put into an error, the first that is not of a hidden file,
// and what mends it where it is of a picture in a folder, as archives of classes have them.
func firstProblem(s *Set) (text, help string) {
	for i, p := range s.Problems {
		if p.Kind == Hidden && i < len(s.Problems)-1 {
			continue
		}
		if strings.HasPrefix(p.Reason, "no label") && strings.Count(p.Path, "/") > 1 {
			help = "of an archive of class folders: unpack it (unzip FILE -d DIR, tar -xf FILE -C DIR), and " +
				"give the folder"
		}
		return fmt.Sprintf(" (%s)", p), help
	}
	return "", ""
}

// read reads the names, the labels, and the beginnings of the pictures of a shard.
func (s *shardFile) read(ctx context.Context, file string) {
	seen := map[string]bool{}
	s.err = archive.List(file, archive.Visitor{
		LeftOut: s.refuse,
		File: func(m archive.Member, r io.Reader) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, ending := splitKey(m.Name)
			switch {
			case hidden(path.Base(m.Name)):
				s.report(m.Name, Hidden, "hidden, left out")
			case seen[m.Name]:
				s.refuse(m.Name, "a second file of this name in the shard, left out")
			case ending == "cls" || ending == "json":
				seen[m.Name] = true
				s.label(m.Name, r)
			case imageprep.ImageName("." + ending):
				seen[m.Name] = true
				head := make([]byte, 512)
				n, err := io.ReadFull(r, head)
				if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
					return err
				}
				ok, err := sniffHead(head[:n])
				s.pictures = append(s.pictures, shardPicture{m, ok, err})
			}
			return nil
		}})
	if s.err == nil && len(s.pictures)+len(s.problems) == 0 {
		s.problems = append(s.problems, Problem{s.file, EmptyClass, "no picture in it"})
	}
	slices.SortStableFunc(s.pictures, func(a, b shardPicture) int { // 1.png, then 1.mask.png
		return strings.Count(path.Base(a.Name), ".") - strings.Count(path.Base(b.Name), ".")
	})
}

func (s *shardFile) report(name string, kind Kind, reason string) {
	s.problems = append(s.problems, Problem{s.file + "/" + table.Printable(name), kind, reason})
}

// refuse reports what the archive should not have, whatever it is. A picture is one that
// cannot be read.
func (s *shardFile) refuse(name, why string) {
	kind := Stray
	if _, ending := splitKey(name); imageprep.ImageName("." + ending) {
		kind = Unreadable
	}
	s.report(name, kind, why)
	s.refused = append(s.refused, s.problems[len(s.problems)-1])
}

// label keeps the text of a label.
func (s *shardFile) label(name string, r io.Reader) {
	text, err := io.ReadAll(io.LimitReader(r, maxLabel+1))
	switch {
	case err != nil:
		s.refuse(name, reason(err).Error())
	case len(text) > maxLabel:
		s.refuse(name, fmt.Sprintf("a label of more than %d bytes, left out", maxLabel))
	default:
		s.labels[name] = text
	}
}

// splitKey is the key of a name, its folder and what is before the first dot, and the
// ending, in lower case.
func splitKey(name string) (key, ending string) {
	dir, base := path.Split(name)
	base, ending, _ = strings.Cut(base, ".")
	return dir + base, strings.ToLower(ending)
}

// shardScanner is the state of one scanShards.
type shardScanner struct {
	listScanner
	shards *Shards
	keys   map[string]string // picture by key, with the shard's file
	both   string            // a key with .cls and .json
}

// rows are the pictures that have labels. Others are reported.
func (sc *shardScanner) rows(read []shardFile, parts map[string]Part) (rows []LabelRow, err error) {
	for i := range read {
		s := &read[i]
		sc.set.Problems = append(sc.set.Problems, s.problems...)
		if s.err != nil {
			if err := sc.bad(s.file, reason(s.err)); err != nil {
				return nil, err
			}
		}
		for _, picture := range s.pictures {
			row, ok, err := sc.row(s, picture)
			if err != nil {
				return nil, err
			}
			if ok && row.Part == "" {
				row.Part = parts[s.file]
			}
			if ok {
				rows = append(rows, row)
			}
		}
		if sc.opts.Strict && len(s.refused) > 0 {
			return nil, sc.bad(s.refused[0].Path, errors.New(s.refused[0].Reason))
		}
	}
	with := slices.IndexFunc(rows, func(r LabelRow) bool { return r.Part != "" })
	without := slices.IndexFunc(rows, func(r LabelRow) bool { return r.Part == "" })
	if with >= 0 && without >= 0 {
		return nil, fmt.Errorf("data %s: %s has no split, and %s has one: a split for every picture, or for "+
			"none", sc.shards.Name, rows[without].Path, rows[with].Path)
	}
	if sc.both != "" {
		sc.note("classes are from .cls where there is .json too, as for %s", sc.both)
	}
	if parts != nil {
		sc.note("the names of the shards say the parts")
	}
	return rows, nil
}

// bad reports something that cannot be read, or is the error of it where all must be.
func (sc *shardScanner) bad(name string, err error) error {
	if sc.opts.Strict {
		text := strings.TrimRight(strings.TrimSuffix(err.Error(), "left out"), ",: ")
		return &ShardError{fmt.Errorf("data %s: %s: %s", sc.shards.Name, name, text),
			"without --strict it is left out"}
	}
	sc.set.report(name, Unreadable, err.Error())
	return nil
}

// row is a picture with its label; false where it is left out.
func (sc *shardScanner) row(s *shardFile, p shardPicture) (row LabelRow, ok bool, err error) {
	row.Path = path.Join(s.file, p.Name)
	key, _ := splitKey(p.Name)
	key = path.Join(s.file, key)
	if sc.excludes(row.Path) {
		return row, false, nil
	}
	if ok, err = sc.judge(row.Path, p.ok, p.err); !ok || err != nil {
		return row, false, err
	}
	if other, there := sc.keys[key]; there {
		return row, false, sc.bad(row.Path, errors.New("a second picture of its key, beside "+
			path.Base(other)+": left out"))
	}
	sc.keys[key] = row.Path
	if err := sc.labels(s, p.Name, &row); err != nil {
		return row, false, sc.bad(row.Path, err)
	}
	sc.set.members[row.Path] = p.Member
	return row, true, nil
}
