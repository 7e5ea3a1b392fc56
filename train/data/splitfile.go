package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/flowerctl/flowerctl/train/table"
	"github.com/flowerctl/flowerctl/train/textfile"
)

// The header of split.csv, and that of a set with several labels a picture.
var (
	splitHeader = []string{"path", "class", "part", "sha256"}
	multiHeader = []string{"path", "labels", "part", "sha256"}
)

// WriteSplit writes split.csv: a header, then a line for each image with its
// path, the name of its class, its part and the SHA-256 of its file. The header says
// labels in place of class where a picture may have several, with | between them.
func (s *Set) WriteSplit(w io.Writer) error {
	t := table.New(splitHeader...)
	if s.Multi {
		t = table.New(multiHeader...)
	}
	for _, it := range s.Items {
		t.Add(it.Path, s.Named(&it), string(it.Part), it.SHA256)
	}
	return t.WriteCSV(w)
}

// Digest names the images, their classes and their split: the SHA-256 of the
// bytes that WriteSplit writes, in hex.
func (s *Set) Digest() string {
	h := sha256.New()
	s.WriteSplit(h) // a hash returns no error
	return hex.EncodeToString(h.Sum(nil))
}

// ReadSplit reads what WriteSplit wrote. The caller sets Dir; [Load] then wants files
// with the same bytes. A file that has an image in two parts is refused.
func ReadSplit(r io.Reader) (*Set, error) {
	cr := csv.NewReader(textfile.NewReader(r))
	cr.FieldsPerRecord = len(splitHeader)
	rows, err := cr.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("split.csv: %w", err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], splitHeader) && !slices.Equal(rows[0], multiHeader) {
		return nil, fmt.Errorf("split.csv: the first line must be path,class,part,sha256")
	}
	s := &Set{SplitBy: "file", Multi: slices.Equal(rows[0], multiHeader)}
	rows = rows[1:]
	names := func(cell string) []string {
		if s.Multi {
			return several(cell, ';') // a label may have a semicolon
		}
		return []string{cell}
	}
	for _, row := range rows {
		s.Labels = append(s.Labels, names(row[1])...)
	}
	slices.Sort(s.Labels)
	s.Labels = slices.Compact(s.Labels)
	for i, row := range rows {
		if err := checkRow(row, s.Multi); err != nil {
			return nil, fmt.Errorf("split.csv: line %d: %w", i+2, err)
		}
		it := s.item(row[0], Part(row[2]), names(row[1]))
		it.SHA256 = row[3]
		s.Items = append(s.Items, it)
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("split.csv: %w", err)
	}
	return s, nil
}

func checkRow(row []string, multi bool) error {
	if !fs.ValidPath(row[0]) {
		return fmt.Errorf("path %q leaves the folder", row[0])
	}
	if row[1] == "" && !multi {
		return fmt.Errorf("%s has no class", row[0])
	}
	switch Part(row[2]) {
	case Train, Val, Test, Out:
	default:
		return fmt.Errorf("part %q, want train, val, test or out", row[2])
	}
	if sum, err := hex.DecodeString(row[3]); err != nil || len(sum) != sha256.Size ||
		bytes.ContainsAny([]byte(row[3]), "ABCDEF") {
		return fmt.Errorf("sha256 %q, want 64 lower-case hex digits", row[3])
	}
	return nil
}

// Apply takes over the parts of a split of the same images. If paths, classes or
// bytes differ, it returns an error that names the first difference.
func (s *Set) Apply(split *Set) error {
	if len(s.Items) != len(split.Items) || !slices.Equal(s.Labels, split.Labels) ||
		s.Multi != split.Multi {
		return fmt.Errorf("split: %d images of classes %q, this set has %d of %q",
			len(split.Items), split.Labels, len(s.Items), s.Labels)
	}
	for i, it := range split.Items {
		own := s.Items[i]
		if own.Path != it.Path || !own.alike(&it) || own.SHA256 != it.SHA256 {
			return fmt.Errorf("split: %s is not the image that this set has there (%s)",
				it.Path, own.Path)
		}
	}
	for i, it := range split.Items {
		s.Items[i].Part = it.Part
	}
	s.SplitBy = split.SplitBy
	return s.Check()
}

// item is an image with its labels, which are of those of the set.
func (s *Set) item(path string, part Part, labels []string) Item {
	it := Item{Path: path, Part: part}
	for _, label := range labels {
		class, _ := slices.BinarySearch(s.Labels, label)
		it.Labels = append(it.Labels, class)
	}
	slices.Sort(it.Labels)
	if len(it.Labels) > 0 {
		it.Class = it.Labels[0]
	}
	if !s.Multi {
		it.Labels = nil
	}
	return it
}
