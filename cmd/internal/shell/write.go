package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// MayWrite says why a command may not write its result to path: a folder, or a file
// that is there already, unless force is set.
func MayWrite(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return Usagef("%s is a folder, want the name of a file", path)
	case !force:
		return Fail(fmt.Errorf("%s is there already", path), "--force writes over it")
	}
	return nil
}
