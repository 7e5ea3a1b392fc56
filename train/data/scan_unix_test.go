//go:build unix

package data

import (
	"errors"
	"os"
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

func TestAListThatIsNoFileIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "labels.csv")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for path, want := range map[string]string{pipe: "a pipe, want a file", dir: "a folder, want a file",
		os.DevNull: "a device, want a file"} {
		_, err := ReadLabelList(path)
		var about *ListError
		if !errors.As(err, &about) || about.Error() != path+": "+want || about.Hint() == "" {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
