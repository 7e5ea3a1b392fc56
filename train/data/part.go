package data

import (
	"os"
	"slices"
	"strings"
)

// Of lists the images of a part, and the files of it that cannot be read, whatever
// their names say. The part "" is all of the set. split says which paths are in which
// part; where it is nil the folders train, val and test do.
func (s *Set) Of(part Part, split *Set) (items []Item, unreadable []Problem) {
	within := s.membership(part, split)
	items = slices.DeleteFunc(slices.Clone(s.Items), func(i Item) bool { return !within(i.Path) })
	for _, p := range s.Problems {
		if p.Kind == Unreadable && within(p.Path) {
			unreadable = append(unreadable, p)
		}
	}
	return items, unreadable
}

// membership says of a path whether it is in the part.
func (s *Set) membership(part Part, split *Set) func(path string) bool {
	if part == "" {
		return func(string) bool { return true }
	}
	parts := map[string]Part{}
	if split != nil {
		for _, item := range split.Items {
			parts[item.Path] = item.Part
		}
		return func(path string) bool { return parts[path] == part }
	}
	for _, item := range s.Items {
		parts[topFolder(item.Path)] = item.Part
	}
	return func(path string) bool { return parts[topFolder(path)] == part }
}

// topFolder is the first folder of a set's path.
func topFolder(path string) string {
	top, _, _ := strings.Cut(path, "/")
	return top
}

// ReadSplitFile reads a file that [Set.WriteSplit] wrote.
func ReadSplitFile(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadSplit(f)
}
