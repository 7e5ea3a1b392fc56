package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/flowerctl/flowerctl/train/table"
)

// ScanList lists the pictures that a list names, in the folder dir, as [Scan] does those
// of a folder: with the same pictures of the same classes it gives the same set. Where a
// picture has several labels or none, or multi is true, the set is one of several labels
// a picture, see [Set.Multi], and Notes says why.
//
// Pictures that are not there or are none are left out and are in Problems. What the
// list says twice counts once. A picture outside dir, by its path or by a link, and one in
// two parts are errors.
func ScanList(ctx context.Context, dir string, list *LabelList, multi bool, opts ScanOptions) (
	*Set, error) {

	sc := &listScanner{list: list, inside: map[string]error{},
		binary: "train --multi-label trains on one label that pictures have or not"}
	sc.scanner = scanner{ctx: ctx, opts: opts, excluded: map[int]bool{}, hinted: map[string]bool{},
		set: &Set{Dir: dir, List: list.File, Multi: multi, Notes: slices.Clone(list.Assumed)}}
	if err := sc.scan(); err != nil {
		return nil, err
	}
	sc.set.NotFound = sc.notFound()
	return sc.set, nil
}

// listScanner is the state of one ScanList.
type listScanner struct {
	scanner
	list   *LabelList
	root   string           // dir without links
	inside map[string]error // what is wrong with folders, by path; nil: they are inside
	binary string           // how to train on a single label
}

func (sc *listScanner) wrong(line int, help, format string, args ...any) error {
	return &ListError{File: sc.list.File, Line: line, Text: fmt.Sprintf(format, args...), Help: help}
}

func (sc *listScanner) scan() (err error) {
	if sc.root, err = filepath.EvalSymlinks(sc.set.Dir); err != nil {
		return listError(sc.set.Dir, err)
	}
	if info, err := os.Stat(sc.root); err == nil && !info.IsDir() {
		return sc.wrong(0, sc.folder()+" names the folder that the paths of the list start from",
			"%s is a file, want the folder of the pictures", sc.set.Dir)
	}
	rows, err := sc.merge()
	if err != nil {
		return err
	}
	there, missing := rows[:0:0], 0
	for i, row := range rows {
		if i%1000 == 0 && sc.ctx.Err() != nil {
			return sc.ctx.Err()
		}
		ok, err := sc.look(&rows[i])
		if err != nil {
			return err
		}
		switch {
		case ok:
			there = append(there, rows[i])
		case sc.gone(row):
			missing++
		}
	}
	if len(there) == 0 && missing > 0 {
		return sc.wrong(0, sc.folder()+" names the folder that the paths of the list start from",
			"none of its %s is in %s, %s for one", table.Count(missing, "picture"), sc.set.Dir, rows[0].Path)
	}
	sc.items(there)
	return sc.checkLabels()
}

// gone says whether the last problem is that the row's picture is not there.
func (sc *listScanner) gone(row LabelRow) bool {
	n := len(sc.set.Problems)
	return n > 0 && sc.set.Problems[n-1] == Problem{row.Path, Unreadable, notThere}
}

const notThere = "on the list, and not there: left out"

// merge makes one row of all that name a picture.
func (sc *listScanner) merge() (rows []LabelRow, err error) {
	at := make(map[string]int, len(sc.list.Rows))
	repeated, first := 0, ""
	parts, without := LabelRow{}, LabelRow{} // a row with a part, and one without
	for _, row := range sc.list.Rows {
		name, inside := row.Path, false
		if row.Path, inside = sc.relative(name); !inside {
			return nil, sc.wrong(row.Line, sc.from(),
				"%s is outside %s", name, sc.set.Dir)
		}
		if row.Part != "" {
			parts = row
		} else {
			without = row
		}
		i, ok := at[row.Path]
		if !ok {
			at[row.Path] = len(rows)
			rows = append(rows, row)
			continue
		}
		have := &rows[i]
		if have.Part != row.Part {
			return nil, sc.wrong(row.Line, "a picture is in one part", "%s is of part %q here and %q in "+
				"line %d", row.Path, row.Part, have.Part, have.Line)
		}
		fresh := false
		for _, label := range row.Labels {
			if !slices.Contains(have.Labels, label) {
				have.Labels, fresh = append(slices.Clip(have.Labels), label), true
			}
		}
		if !fresh {
			repeated++
			first = cmp.Or(first, fmt.Sprintf("%s in line %d", row.Path, row.Line))
		}
	}
	if parts.Line > 0 && without.Line > 0 {
		return nil, sc.wrong(without.Line, "a split for every picture, or for none",
			"%s has no split, and others have one", without.Path)
	}
	if repeated > 0 {
		sc.note("%s: repeated, and counted once: %s: %s", sc.list.File,
			table.Count(repeated, "row"),
			first)
	}
	return rows, nil
}

func (sc *listScanner) note(format string, args ...any) {
	sc.set.Notes = append(sc.set.Notes, fmt.Sprintf(format, args...))
}

// look says whether the picture of a row is there, is inside the folder, and is a
// picture. A name in another Unicode form than that of the file becomes the file's.
func (sc *listScanner) look(row *LabelRow) (bool, error) {
	if sc.excludes(row.Path) {
		return false, nil
	}
	err := sc.within(row.Path)
	for _, form := range []norm.Form{norm.NFC, norm.NFD} {
		if other := form.String(row.Path); errors.Is(err, fs.ErrNotExist) && other != row.Path {
			if sc.within(other) == nil {
				row.Path, err = other, nil
			}
		}
	}
	switch {
	case errors.Is(err, errOutside):
		return false, sc.wrong(row.Line, "copy the picture into the folder, or give "+sc.folder()+
			" one that has both", "%s is a link out of %s", row.Path, sc.set.Dir)
	case errors.Is(err, fs.ErrNotExist) && sc.opts.Strict:
		return false, sc.wrong(row.Line, "without --strict it is left out", "%s is not there", row.Path)
	case errors.Is(err, fs.ErrNotExist):
		sc.set.report(row.Path, Unreadable, notThere)
		return false, nil
	case err != nil:
		return false, sc.wrong(row.Line, "", "%v", err)
	}
	return sc.isImage(row.Path)
}

var errOutside = errors.New("outside the folder")

// within is errOutside for a path that links lead out of the folder, and otherwise why
// it is not there.
func (sc *listScanner) within(rel string) error {
	folder := path.Dir(rel)
	err, known := sc.inside[folder]
	if !known {
		err = sc.resolve(folder)
		sc.inside[folder] = err
	}
	if err != nil {
		return err
	}
	info, err := os.Lstat(sc.file(rel))
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder, want a picture", rel)
	case info.Mode()&fs.ModeSymlink != 0:
		return sc.resolve(rel)
	}
	return nil
}

// resolve follows all links of a path.
func (sc *listScanner) resolve(rel string) error {
	target, err := filepath.EvalSymlinks(sc.file(rel))
	if err != nil {
		return err
	}
	if inner, err := filepath.Rel(sc.root, target); err != nil || !filepath.IsLocal(inner) {
		return errOutside
	}
	return nil
}

// items makes the set's items of the rows, by path, and says why they have several
// labels where they have.
func (sc *listScanner) items(rows []LabelRow) {
	s := sc.set
	several, none, example := 0, 0, ""
	for _, row := range rows {
		s.Labels = append(s.Labels, row.Labels...)
		switch {
		case len(row.Labels) > 1:
			several++
			example = cmp.Or(example, fmt.Sprintf("; %s has %s", row.Path, strings.Join(row.Labels, ", ")))
		case len(row.Labels) == 0:
			none++
			example = cmp.Or(example, fmt.Sprintf("; %s has none", row.Path))
		}
	}
	slices.Sort(s.Labels)
	s.Labels = slices.Clip(slices.Compact(s.Labels))
	asked := ", as asked"
	if several+none > 0 {
		s.Multi, asked = true, ""
	}
	if s.Multi {
		sc.note("multi-label%s: of %s %d have several labels, %d none%s", asked,
			table.Count(len(rows), "picture"),
			several, none, example)
	}
	for _, row := range rows {
		s.Items = append(s.Items, s.item(row.Path, row.Part, row.Labels))
	}
	slices.SortFunc(s.Items, func(a, b Item) int { return cmp.Compare(a.Path, b.Path) })
}

// checkLabels looks at the labels of all pictures.
func (sc *listScanner) checkLabels() error {
	s := sc.set
	switch n := len(s.Labels); {
	case n == 0 && len(s.Items) == 0:
		return sc.wrong(0, "", "none of its files is a picture")
	case n == 0:
		return sc.wrong(0, "", "none of its pictures has a label")
	case n == 1 && !s.Multi:
		return sc.wrong(0, sc.binary, "only one label, %q: a classifier needs two or more", s.Labels[0])
	}
	first := map[string]string{}
	for _, label := range s.Labels {
		if s.Multi && strings.Contains(label, labelSeparator) {
			return sc.wrong(0, "give it another name", "the label %q has a %s, which stands between the "+
				"labels of a picture in split.csv", label, labelSeparator)
		}
		key := folded(label)
		if other, ok := first[key]; ok {
			s.report(label, Name, fmt.Sprintf("another label than %q, from which it differs %s", other,
				difference(other, label)))
			continue
		}
		first[key] = label
	}
	var unused []string
	for _, label := range sc.list.Columns {
		if _, ok := slices.BinarySearch(s.Labels, norm.NFC.String(label)); !ok {
			unused = append(unused, label)
		}
	}
	if len(unused) > 0 {
		sc.note("no picture has the label %s: left out", table.Some(unused))
	}
	return nil
}
