package atomicfile

import (
	"fmt"
	"os"
	"path/filepath"
)

// InsideError says that what is written would lie in a folder whose pictures are read, and
// be read from then on.
type InsideError struct{ Path, Dir string }

func (e *InsideError) Error() string {
	where := "is inside " + e.Dir
	if filepath.Clean(e.Path) == filepath.Clean(e.Dir) {
		where = "is the folder of images itself"
	}
	return fmt.Sprintf("%s %s: the pictures written there would be taken for images from then on", e.Path,
		where)
}

// Hint names a place beside the folder.
func (e *InsideError) Hint() string {
	beside := filepath.Join(e.Dir, "..", "runs")
	if filepath.Clean(e.Path) != filepath.Clean(e.Dir) {
		beside = filepath.Join(beside, filepath.Base(e.Path))
	}
	return "name a place outside of it, such as " + beside
}

// Inside says where in a folder a path is, through links: its names from there, none for the
// folder itself. The path need not be there. It is false for a path that is not in the
// folder, and where the folder is not there.
func Inside(dir, path string) (names []string, ok bool) {
	root, err := os.Stat(dir)
	if err != nil || !root.IsDir() {
		return nil, false
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, false
	}
	for { // what is not there has no links
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			path = real
			break
		}
		above := filepath.Dir(path)
		if above == path {
			return nil, false
		}
		names = append([]string{filepath.Base(path)}, names...)
		path = above
	}
	for { // the same folder may have several names, as where letter case does not count
		info, err := os.Stat(path)
		if err == nil && os.SameFile(info, root) {
			return names, true
		}
		above := filepath.Dir(path)
		if above == path {
			return nil, false
		}
		names = append([]string{filepath.Base(path)}, names...)
		path = above
	}
}
