package pictures

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// hasMeta says whether a name is a pattern.
func hasMeta(name string) bool { return strings.ContainsAny(name, "*?[") }

// noMatch says why no file matches a pattern. To Glob a folder that cannot be read
// is an empty one.
func noMatch(pattern string) error {
	dir := filepath.Dir(pattern)
	if !hasMeta(dir) {
		if _, err := os.ReadDir(dir); errors.Is(err, fs.ErrPermission) {
			return underName(dir, err)
		}
	}
	return errors.New("no file has such a name")
}
