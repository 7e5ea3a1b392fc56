package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/flowerctl/flowerctl/train/archive"
)

// Shards are tar and zip files with pictures and their labels, as WebDataset has them: for
// each picture KEY.jpg (or .png and so on) there is KEY.cls, a class by name or number, or
// KEY.json with {"label": ...}. They are read where they lie.
type Shards struct {
	Name  string   // as it was given: a file, a folder, or a pattern
	Root  string   // the folder from which paths start
	Files []string // from Root, with slashes, sorted
}

// ShardError is about shards that are not there, or hold no pictures to train on as they
// should.
type ShardError struct {
	Err  error
	Help string // what mends it; "": what shards look like
}

func (e *ShardError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ShardError) Unwrap() error { return e.Err }

// Hint says what mends it, or what shards look like.
func (e *ShardError) Hint() string {
	if e.Help != "" {
		return e.Help
	}
	return "shards are .tar or .zip files of KEY.jpg with KEY.cls (a class), or with KEY.json " +
		`({"label": ...})`
}

// FindShards are the shards that name means: a .tar or .zip file; a folder with such files
// and no folders but ones called train, val and test; or a pattern such as shards/*.tar. It
// is nil for anything else. A picture's path is that of its shard, then its name there. An
// error is a [*ShardError].
func FindShards(name string) (*Shards, error) {
	info, err := os.Stat(name)
	s := &Shards{Name: name, Root: name}
	switch {
	case err == nil && info.IsDir():
		s.folder("")
	case err == nil:
		if !archive.Is(name) && !archive.Compressed(name) {
			return nil, nil
		}
		s.Root, s.Files = filepath.Dir(name), []string{filepath.Base(name)}
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
		if err = s.pattern(); err != nil {
			return nil, &ShardError{Err: err}
		}
	case errors.Is(err, fs.ErrNotExist) && (archive.Is(name) || archive.Compressed(name)):
		return nil, notThereShard(name)
	default:
		return nil, nil // the error of whoever takes it for a folder
	}
	if len(s.Files) == 0 {
		return nil, nil
	}
	for _, file := range s.Files {
		if archive.Compressed(file) {
			return nil, &ShardError{Err: fmt.Errorf("data %s: %s: %w", name, file, archive.ErrCompressed)}
		}
	}
	slices.Sort(s.Files)
	return s, nil
}

// notThereShard is the error of a tar or zip file that is not there, and names those beside
// it.
func notThereShard(name string) error {
	e := &ShardError{Err: fmt.Errorf("data %s: no such file", name)}
	dir := filepath.Dir(name)
	entries, err := os.ReadDir(dir)
	var beside []string
	for _, entry := range entries {
		if archive.Is(entry.Name()) {
			beside = append(beside, filepath.Join(dir, entry.Name()))
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Help = "there is no folder " + dir
	case strings.Contains(name, "{"):
		e.Help = "a pattern has *, ? or [0-9], as in " + filepath.Join(dir, "*"+filepath.Ext(name))
	case len(beside) > 0:
		e.Help = "there are " + few(beside)
	}
	return e
}

// folder adds the shards of a folder. Of one that is no folder of shards it adds none.
func (s *Shards) folder(rel string) {
	// An error is that of whoever takes it for a folder of classes.
	entries, _ := os.ReadDir(filepath.Join(s.Root, rel))
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		info, err := os.Stat(filepath.Join(s.Root, name))
		switch {
		case err != nil || hidden(e.Name()):
		case info.IsDir():
			n := len(s.Files)
			if rel == "" && partOf(e.Name()) != "" {
				s.folder(name)
			}
			if len(s.Files) == n { // a folder without shards: those beside it are strays
				s.Files = nil
				return
			}
		case info.Mode().IsRegular() && (archive.Is(name) || archive.Compressed(name)):
			s.Files = append(s.Files, name)
		}
	}
}

// pattern adds the shards that the name matches as a pattern.
func (s *Shards) pattern() error {
	files, err := filepath.Glob(s.Name)
	if err == nil && len(files) == 0 {
		err = errors.New("no file has such a name")
	}
	if err != nil {
		return fmt.Errorf("data %s: %w", s.Name, err)
	}
	for s.Root = filepath.Dir(s.Name); strings.ContainsAny(s.Root, "*?["); {
		s.Root = filepath.Dir(s.Root)
	}
	for _, file := range files {
		rel, err := filepath.Rel(s.Root, file)
		if err != nil {
			return err
		}
		if !archive.Is(file) && !archive.Compressed(file) {
			return fmt.Errorf("data %s: %s: want .tar or .zip files", s.Name, file)
		}
		s.Files = append(s.Files, filepath.ToSlash(rel))
	}
	return nil
}

// parts are the parts that the names of the shards say, as train-0001.tar and val/01.tar
// do; nil where they say none, or all the same.
func (s *Shards) parts() (map[string]Part, error) {
	parts, count := map[string]Part{}, map[Part]int{}
	without := ""
	for _, file := range s.Files {
		words := strings.FieldsFunc(strings.TrimSuffix(file, path.Ext(file)), func(r rune) bool {
			return !unicode.IsLetter(r)
		})
		i := slices.IndexFunc(words, func(w string) bool { return partOf(w) != "" })
		if i < 0 {
			without = file
			continue
		}
		parts[file] = partOf(words[i])
		count[parts[file]]++
	}
	switch {
	case len(count) < 2:
		return nil, nil
	case without != "":
		return nil, fmt.Errorf("data %s: %s has no part in its name, train, val or test, and others have "+
			"one", s.Name, without)
	case count[Train] == 0:
		return nil, fmt.Errorf("data %s: the shards are called val and test, and none train", s.Name)
	}
	return parts, nil
}
