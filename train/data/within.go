package data

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Within says whether a scan of the folder dir would list what is written to path, which need
// not be there: it is in the folder, or in one that a link in the place of a class leads to,
// and is not hidden.
func Within(dir, path string) bool {
	if in(dir, path) {
		return true
	}
	entries, _ := os.ReadDir(dir) // a folder that cannot be read is not scanned
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if linkWithin(name, e, path) {
			return true
		}
		if partOf(e.Name()) == "" {
			continue
		}
		classes, _ := os.ReadDir(name)
		if slices.ContainsFunc(classes, func(c os.DirEntry) bool {
			return linkWithin(filepath.Join(name, c.Name()), c, path)
		}) {
			return true
		}
	}
	return false
}

func linkWithin(name string, e os.DirEntry, path string) bool {
	return e.Type()&os.ModeSymlink != 0 && !hidden(e.Name()) && in(name, path)
}

func in(dir, path string) bool {
	names, ok := atomicfile.Inside(dir, path)
	return ok && !slices.ContainsFunc(names, hidden)
}
