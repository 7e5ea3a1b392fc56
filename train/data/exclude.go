package data

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/flowerctl/flowerctl/train/textfile"
)

// Exclusion names images that a scan leaves out. Names are compared in the Unicode form
// NFC, and mean the same whichever system wrote them: "./rose\1.jpg" is "rose/1.jpg".
type Exclusion struct {
	File  string // where it is from
	names []string
	at    map[string]int // index of names

	absolute bool // some of them are from the root on
}

// ReadExclusion reads a list of images: CSV whose header has a column "path", with commas,
// semicolons or tabs between the columns, of which the others do not count; or, without
// a header, a path a line. Paths are from the folder of the set, as in split.csv, or as find
// gives them: absolute, or with the name of that folder. The texts of package textfile are
// read.
func ReadExclusion(file string) (*Exclusion, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s: a folder, want a file with a path a line", file)
	}
	defer f.Close()
	text, err := io.ReadAll(textfile.NewReader(f))
	if err == nil {
		var e *Exclusion
		if e, err = newExclusion(string(text)); err == nil {
			e.File = file
			return e, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", file, err)
}

func newExclusion(text string) (*Exclusion, error) {
	paths, err := excludedPaths(text)
	if err != nil {
		return nil, err
	}
	e := &Exclusion{at: map[string]int{}}
	for _, p := range paths {
		key := exclusionKey(p)
		if _, ok := e.at[key]; ok || key == "." {
			continue
		}
		e.absolute = e.absolute || absolute.MatchString(key)
		e.at[key] = len(e.names)
		e.names = append(e.names, p)
	}
	return e, nil
}

// excludedPaths are the paths of a list as they stand there.
func excludedPaths(text string) (paths []string, err error) {
	header, _, _ := strings.Cut(text, "\n")
	for _, comma := range ",;\t" {
		column := columnOf(header, comma, "path")
		if column < 0 {
			continue
		}
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.FieldsPerRecord = comma, -1
		rows, err := r.ReadAll()
		if err != nil {
			return nil, err
		}
		for i, row := range rows[1:] {
			if column >= len(row) {
				return nil, fmt.Errorf("row %d has %d columns, want the path in column %d", i+2, len(row),
					column+1)
			}
			paths = append(paths, row[column])
		}
		return paths, nil
	}
	for line := range strings.Lines(text) {
		paths = append(paths, strings.Trim(line, "\r\n"))
	}
	return paths, nil
}

// columnOf is the column of a header with this name, in any letter case; -1 for none.
func columnOf(header string, comma rune, name string) int {
	return slices.IndexFunc(strings.Split(header, string(comma)), func(cell string) bool {
		return strings.EqualFold(strings.Trim(cell, "\" \r"), name)
	})
}

func exclusionKey(p string) string {
	return path.Clean(norm.NFC.String(strings.ReplaceAll(p, `\`, "/")))
}

// Len is how many images the list names.
func (e *Exclusion) Len() int { return len(e.names) }

// find is the place in the list of an image's path; false where it is not listed. A nil
// list names nothing.
func (e *Exclusion) find(p string) (int, bool) {
	if e == nil {
		return 0, false
	}
	i, ok := e.at[exclusionKey(p)]
	return i, ok
}

// excludes reports whether the file is to be left out, and counts it.
func (sc *scanner) excludes(rel string) bool {
	i, ok := sc.opts.Exclude.find(rel)
	if !ok && sc.opts.Exclude != nil {
		i, ok = sc.opts.Exclude.find(sc.file(rel))
	}
	if !ok && sc.opts.Exclude != nil && sc.opts.Exclude.absolute {
		if whole, err := filepath.Abs(sc.file(rel)); err == nil {
			i, ok = sc.opts.Exclude.find(whole)
		}
	}
	if ok {
		sc.excluded[i] = true
		sc.set.Excluded++
	}
	return ok
}

// notFound lists the names of the list that the set has no file for.
func (sc *scanner) notFound() (names []string) {
	if sc.opts.Exclude == nil {
		return nil
	}
	for i, name := range sc.opts.Exclude.names {
		if !sc.excluded[i] {
			names = append(names, name)
		}
	}
	return names
}
