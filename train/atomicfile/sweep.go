package atomicfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// swept are the folders that this process has looked through.
var swept sync.Map

// sweep removes from a folder what processes that were killed left of any file there,
// once in the life of this process: a killed run may have been writing what the next
// one does not write. A folder that cannot be read keeps what it has.
func sweep(dir string) {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	if _, done := swept.LoadOrStore(dir, true); done {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		swept.Delete(dir) // it may not be there yet
		return
	}
	for _, e := range entries {
		if path, ok := finalName(e.Name()); ok {
			removeAbandoned(filepath.Join(dir, e.Name()), filepath.Join(dir, path))
		}
	}
}

// finalName is the name of the file for which name is a temporary one.
func finalName(name string) (final string, ok bool) {
	rest, dotted := strings.CutPrefix(name, ".")
	i := strings.LastIndex(rest, infix)
	if !dotted || i < 1 {
		return "", false
	}
	number, err := strconv.Atoi(rest[i+len(infix):])
	return rest[:i], err == nil && number >= 0 && number < writers && temporaryName(rest[:i], number) == name
}

// TempDir makes a folder in parent, os.TempDir() if that is "", for what is needed for a
// while only; remove removes it. Folders of the same name that killed processes left are
// removed first.
func TempDir(parent, name string) (dir string, remove func() error, err error) {
	if parent == "" {
		parent = os.TempDir()
	}
	path := filepath.Join(parent, fmt.Sprintf("%s-%d", name, os.Getuid()))
	t, err := claim(path, func(name string) error { return os.Mkdir(name, 0o700) })
	if err != nil {
		return "", nil, err
	}
	return t.name, t.remove, nil
}
