package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linked is an archive of two pictures and a symbolic link of that name.
func linked(t *testing.T, ending, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "set"+ending)
	var b bytes.Buffer
	tarred, zipped := tar.NewWriter(&b), zip.NewWriter(&b)
	add := func(name string, text []byte) error {
		if ending == ".tar" {
			h := &tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644}
			if text == nil {
				h.Typeflag, h.Linkname = tar.TypeSymlink, "1.png"
			}
			err := tarred.WriteHeader(h)
			if err == nil {
				_, err = tarred.Write(text)
			}
			return err
		}
		h := &zip.FileHeader{Name: name}
		if text == nil {
			h.SetMode(fs.ModeSymlink | 0o777)
			text = []byte("1.png")
		}
		w, err := zipped.CreateHeader(h)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{"1.png", pngOf(t, 1)}, {"1.cls", []byte("a")}, {"2.png", pngOf(t, 2)}, {"2.cls", []byte("b")},
		{name, nil}} {
		if err := add(f.name, f.text); err != nil {
			t.Fatal(err)
		}
	}
	end := tarred.Close
	if ending == ".zip" {
		end = zipped.Close
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// hintOf is what an error says of what mends it.
func hintOf(err error) string {
	var hint interface{ Hint() string }
	if errors.As(err, &hint) {
		return hint.Hint()
	}
	return ""
}

// TestStrictRefusesWhatAnArchiveShouldNotHave: links, names that leave it, names that are
// there twice. Without it they are named, those of pictures as pictures that are not read.
func TestStrictRefusesWhatAnArchiveShouldNotHave(t *testing.T) {
	strict := ScanOptions{Strict: true}
	for _, ending := range []string{".tar", ".zip"} {
		for name, kind := range map[string]Kind{"3.png": Unreadable, "3.cls": Stray, "docs": Stray} {
			path := linked(t, ending, name)
			set := scan(t, path)
			want := Problem{"set" + ending + "/" + name, kind, "a link, left out"}
			if len(set.Items) != 2 || !slices.Equal(set.Problems, []Problem{want}) {
				t.Errorf("%s in %s: %v, %v", name, ending, pathsOf(set), set.Problems)
			}
			_, err := Scan(t.Context(), path, strict)
			wantError(t, err, name+": a link")
			if text := err.Error(); strings.Contains(text, "left out") || !strings.Contains(hintOf(err), "--strict") {
				t.Errorf("%s: %s", text, hintOf(err))
			}
		}
		path := filepath.Join(t.TempDir(), "set"+ending)
		good := []file{{"1.jpg", "#1"}, {"1.cls", "a"}, {"2.jpg", "#2"}, {"2.cls", "b"}}
		for want, bad := range map[string]file{
			"a name that leaves the archive, left out": {"../3.jpg", "#3"},
			"a second file of this name in the shard":  {"2.cls", "a"},
			"a label of more than":                     {"3.cls", strings.Repeat("x", maxLabel+1)},
		} {
			shard(t, path, append(slices.Clone(good), bad)...)
			if set := scan(t, path); len(set.Items) != 2 || len(set.Problems) != 1 {
				t.Errorf("%s: %v, %v", want, pathsOf(set), set.Problems)
			}
			_, err := Scan(t.Context(), path, strict)
			wantError(t, err, bad.name+": "+strings.TrimSuffix(want, ", left out"))
		}
		shard(t, path, append(good, file{".3.jpg", "#3"}, file{"notes.txt", "x"})...)
		if _, err := Scan(t.Context(), path, strict); err != nil {
			t.Errorf("hidden and other files are errors: %v", err)
		}
	}
}

// TestOnlyAnEmptyListIsNoneOfTheLabels: what says nothing does not make a set one of several
// labels.
func TestOnlyAnEmptyListIsNoneOfTheLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.tar")
	for _, text := range []string{`{"label": null}`, `{"labels": null}`, `{"label": ""}`, `{"label": " "}`,
		`{"labels": [null]}`, `{"labels": [""]}`} {
		shard(t, path, file{"1.jpg", "#1"}, file{"1.json", `{"label": "a"}`}, file{"2.jpg", "#2"},
			file{"2.json", `{"label": "b"}`}, file{"3.jpg", "#3"}, file{"3.json", text})
		set := scan(t, path)
		if set.Multi || len(set.Items) != 2 || len(set.Problems) != 1 ||
			!strings.HasPrefix(set.Problems[0].Reason, "3.json: no label: ") {
			t.Errorf("%s: several labels %t, %v, %v", text, set.Multi, pathsOf(set), set.Problems)
		}
		_, err := Scan(t.Context(), path, ScanOptions{Strict: true})
		wantError(t, err, "set.tar/3.jpg: 3.json: no label: ")
	}
	shard(t, path, file{"1.jpg", "#1"}, file{"1.json", `{"label": "a"}`}, file{"2.jpg", "#2"},
		file{"2.json", `{"labels": []}`}, file{"3.jpg", "#3"}, file{"3.json", `{"labels": ["b", null]}`})
	set := scan(t, path)
	wantEqual(t, "an empty list", pathsOf(set), []string{"set.tar/1.jpg=a", "set.tar/2.jpg=", "set.tar/3.jpg=b"})
	if !set.Multi {
		t.Error("not of several labels")
	}
}

// TestThePictureOfAKeyIsTheOneWithNothingBetween its key and its ending, wherever it lies.
func TestThePictureOfAKeyIsTheOneWithNothingBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.tar")
	shard(t, path, file{"1.mask.png", "#8"}, file{"1.png", "#1"}, file{"1.cls", "a"},
		file{"2.png", "#2"}, file{"2.mask.png", "#9"}, file{"2.cls", "b"})
	set := scan(t, path)
	wantEqual(t, "pictures", pathsOf(set), []string{"set.tar/1.png=a", "set.tar/2.png=b"})
}
