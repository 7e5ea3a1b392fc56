package data

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// absolute is a path from the root of a system, or of a drive.
var absolute = regexp.MustCompile(`^(/|[A-Za-z]:)`)

// relative is the path of a picture from the folder on, with slashes, and whether it is
// inside. Programs write absolute paths, and those with .. from where they ran.
func (sc *listScanner) relative(name string) (string, bool) {
	p := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	if !absolute.MatchString(p) && fs.ValidPath(p) {
		return p, p != "."
	}
	dir, err := filepath.Abs(sc.set.Dir)
	if err != nil {
		return p, false
	}
	target := filepath.FromSlash(p)
	switch {
	case filepath.IsAbs(target):
	case absolute.MatchString(p):
		return p, false // of another system
	default:
		target = filepath.Join(dir, target)
	}
	if inner, ok := below(dir, target); ok {
		return inner, true
	}
	root, err := filepath.Abs(sc.root)
	if err != nil {
		return p, false
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(target))
	if err != nil {
		return p, false
	}
	return below(root, filepath.Join(folder, filepath.Base(target)))
}

// below is the path of a file from a folder on, with slashes, if it is inside.
func below(dir, file string) (string, bool) {
	inner, err := filepath.Rel(dir, file)
	return filepath.ToSlash(inner), err == nil && inner != "." && filepath.IsLocal(inner)
}
