package pictures

import (
	"archive/tar"
	"bytes"
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
	for p := range List(Arguments{Names: []string{file}}) {
		if p.Name != file || p.From != nil {
			t.Errorf("not asked for archives: %+v", p)
		}
	}
}
