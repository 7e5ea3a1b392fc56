package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// MayWrite says why a command may not write its result to path: a folder, a file
// that is there already, unless force is set, or one whose folder is not there.
func MayWrite(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case path == "":
		return nil
	case errors.Is(err, fs.ErrNotExist):
		dir := filepath.Dir(path)
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return Fail(fmt.Errorf("%s: there is no folder %s", path, dir), "make the folder first")
		}
	case err != nil:
		return err
	case info.IsDir():
		return Usagef("%s is a folder, want the name of a file", path)
	case !force:
		return Fail(fmt.Errorf("%s is there already", path), "--force writes over it")
	case !info.Mode().IsRegular(): // a device, which is written into
		return nil
	}
	if err := atomicfile.Writable(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}
