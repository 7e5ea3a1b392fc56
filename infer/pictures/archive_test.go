package pictures

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPicturesOfArchives are those with the names of pictures, in the archive's order; what
// is wrong has its line, and a receiver that has enough is not asked again.
func TestPicturesOfArchives(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"b/2.jpg", "b/2.cls", "a.PNG", "../c.jpg", ".d.jpg", "e.jpg"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(name)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.tar")
	if err := os.WriteFile(file, b.Bytes()[:b.Len()-512-1024], 0o666); err != nil { // within e.jpg
		t.Fatal(err)
	}
	for _, name := range []string{file, filepath.Join(filepath.Dir(file), "*.tar")} {
		a := Arguments{Names: []string{name}, Archives: true}
		var got []string
		for p := range List(a) {
			text := ""
			if p.From != nil {
				r, err := p.From.Open()
				if err != nil {
					t.Fatal(err)
				}
				read, err := io.ReadAll(r)
				r.Close()
				text = fmt.Sprint(string(read), err)
			}
			if p.Err != nil {
				text = strings.TrimPrefix(p.Err.Error(), p.Name)
			}
			got = append(got, strings.TrimPrefix(p.Name, file)+" "+text)
		}
		want := []string{"/b/2.jpg b/2.jpg<nil>", "/a.PNG a.PNG<nil>",
			"/../c.jpg : a name that leaves the archive, left out",
			" : cut short after 5 entries: copy or download it again"}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || !a.Many() {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
		for enough := 1; enough < 4; enough++ {
			n := 0
			for range List(a) {
				if n++; n == enough {
					break
				}
			}
		}
	}
	for name, want := range map[string]string{"empty.tar": "no picture in it", "x.tar.gz": "a compressed tar"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		for p := range List(Arguments{Names: []string{path}, Archives: true}) {
			if p.Err == nil || !strings.HasPrefix(p.Err.Error(), path+": "+want) {
				t.Errorf("%s: got %v, want %s", name, p.Err, want)
			}
		}
	}
	for p := range List(Arguments{Names: []string{file}}) {
		if p.Name != file || p.From != nil {
			t.Errorf("not asked for archives: %+v", p)
		}
	}
}

// TestAFolderOfArchivesHasNoPictures, and the error says how those in archives are read.
func TestAFolderOfArchivesHasNoPictures(t *testing.T) {
	dir := t.TempDir()
	var none *NoneError
	_, err := Arguments{Names: []string{dir}, Archives: true}.Read(9)
	if !errors.As(err, &none) || none.Hint() != "" {
		t.Errorf("an empty folder: %v", err)
	}
	for _, name := range []string{"1.tar", "2.tar", "a.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("no picture"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, err = Arguments{Names: []string{dir}, Archives: true}.Read(9)
	if !errors.As(err, &none) || none.Archive != filepath.Join(dir, "1.tar") ||
		!strings.HasSuffix(none.Hint(), "as in "+filepath.Join(dir, "*.tar")) {
		t.Errorf("got %v, %+v", err, none)
	}
}
