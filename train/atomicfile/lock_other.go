//go:build !unix

package atomicfile

import "io"

// hold locks nothing: on Windows a file that is open could not be renamed.
func hold(string) (io.Closer, error) { return nil, errNoLocks }
