package atomicfile

import (
	"errors"
	"io/fs"
	"testing"
)

// TestWritableNamesTheFolder, and not the file that it could not make there.
func TestWritableNamesTheFolder(t *testing.T) {
	const dir = "/proc" // which no one may write into, whoever asks
	var at *fs.PathError
	if err := Writable(dir); !errors.As(err, &at) || at.Path != dir {
		t.Errorf("got %v, want an error that names %s", err, dir)
	}
}
