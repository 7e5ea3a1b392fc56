//go:build !unix

package diskcache

import "os"

// Hold does nothing here: an open file cannot be removed on Windows.
func Hold(*os.File) error { return nil }

// Lock always fails here.
func Lock(*os.File) error { return errNoLocks }
