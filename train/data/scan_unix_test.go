//go:build unix

package data

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a pipe to look at its first bytes would wait for ever.
func TestScanDoesNotOpenPipes(t *testing.T) {
	dir := folder(t, map[string]string{"a/1.png": "#1", "b/2.png": "#2"})
	if err := syscall.Mkfifo(filepath.Join(dir, "a", "pipe"), 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	wantEqual(t, "problems", problems(scan(t, dir)), []string{"stray:a/pipe"})
}
