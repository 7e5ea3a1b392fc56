package imageprep

import (
	"bytes"
	"cmp"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPhotographsAgreeWithPillow compares 200 photographs of the folder that
// $PHOTOGRAPHS names, spread over it, with what $PEER_PYTHON's Pillow makes of
// them: `make check-pixels DATA=photos/`. The goldens hold without it.
func TestPhotographsAgreeWithPillow(t *testing.T) {
	folder := os.Getenv("PHOTOGRAPHS")
	if folder == "" {
		t.Skip("needs a folder of photographs and Pillow: make check-pixels DATA=photos/")
	}
	const size, wanted = 150, 200
	files := spread(jpegsBelow(t, folder), wanted)
	python := exec.Command(cmp.Or(os.Getenv("PEER_PYTHON"), "/usr/bin/python3"),
		filepath.Join("testdata", "photographs.py"), strconv.Itoa(size))
	python.Stdin, python.Stderr = strings.NewReader(strings.Join(files, "\n")), os.Stderr
	want, err := python.Output()
	if err != nil {
		t.Fatal(err)
	}
	const pixels = 3 * size * size
	if len(files) == 0 || len(want) != 2*pixels*len(files) {
		t.Fatalf("got %d bytes from Pillow for %d files, want %d each", len(want), len(files), 2*pixels)
	}
	var most, differing int
	for i, file := range files {
		for k, how := range []Resize{Stretch, Crop} {
			got, err := new(Decoder).Prepare(File(file), Config{Size: size, Resize: how})
			if err != nil {
				t.Fatal(err)
			}
			pillow := want[(2*i+k)*pixels:][:pixels]
			if !bytes.Equal(got.Pix, pillow) {
				differing++
			}
			if d := farthest(got.Pix, pillow); d < 0 || d > 1 {
				t.Errorf("%s, %s: %d grey levels from Pillow, want at most 1", file, how, d)
			} else {
				most = max(most, d)
			}
		}
	}
	t.Logf("%d photographs, stretched and cropped to %d: at most %d grey levels from Pillow, %d of %d equal in every byte",
		len(files), size, most, 2*len(files)-differing, 2*len(files))
}

func jpegsBelow(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if ending := strings.ToLower(filepath.Ext(path)); err == nil && slices.Contains([]string{".jpg", ".jpeg"}, ending) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// spread are n of a list, evenly; all where it is no longer.
func spread(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	out := make([]string, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}
