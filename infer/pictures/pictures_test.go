package pictures

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/links"
)

// A name that is too long has its own error, and the names behind it are read.
func TestListGoesOnAfterALineThatIsTooLong(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	list := "a.jpg\r\n\n" + long + "\n" + long + long + "\nb.jpg\n" + strings.Repeat("y", 5000)
	var got []string
	for p := range List(Arguments{Names: []string{Stdin}, Stdin: strings.NewReader(list), List: true}) {
		name := p.Name
		if p.Err != nil {
			name = "error"
			want := strings.Repeat("x", 40) + "...: list of file names: a line of more than 65536 bytes"
			if p.Err.Error() != want {
				t.Errorf("got %v, want %s", p.Err, want)
			}
		}
		got = append(got, name)
	}
	if want := "a.jpg error error b.jpg " + strings.Repeat("y", 5000); strings.Join(got, " ") != want {
		t.Errorf("got %.100q, want %.100q", got, want)
	}
}

// TestListMayBeInUTF16, or begin with a byte order mark, as editors on Windows write.
func TestListMayBeInUTF16(t *testing.T) {
	for _, list := range []string{"\xef\xbb\xbfé.jpg\r\nb.jpg\r\n",
		"\xff\xfe\xe9\x00.\x00j\x00p\x00g\x00\r\x00\n\x00b\x00.\x00j\x00p\x00g\x00"} {
		var got []string
		for p := range List(Arguments{Names: []string{Stdin}, Stdin: strings.NewReader(list), List: true}) {
			got = append(got, p.Name)
		}
		if strings.Join(got, "|") != "é.jpg|b.jpg" {
			t.Errorf("%q: got %q", list, got)
		}
	}
}

func TestManyIsWhateverIsNotOneFile(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		names []string
		list  bool
		want  bool
	}{
		{[]string{"pictures.go"}, false, false},
		{[]string{Stdin}, false, false},
		{[]string{Stdin}, true, true},
		{[]string{dir}, false, true},
		{[]string{"*.go"}, false, true},
		{[]string{"pictures.go", "pictures.go"}, false, true},
	} {
		if got := (Arguments{Names: c.names, List: c.list}).Many(); got != c.want {
			t.Errorf("%v, list %v: got %v, want %v", c.names, c.list, got, c.want)
		}
	}
}

// A link to a folder within a folder is left out by its name, not as a strange file.
func TestLinksToFoldersAreNamed(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	links.Make(t, other, filepath.Join(dir, "more"))
	for p := range List(Arguments{Names: []string{dir}}) {
		if p.Name != filepath.Join(dir, "more") || !errors.Is(p.Err, ErrFolderLink) || !LeftOut(p, p.Err) {
			t.Errorf("got %+v", p)
		}
		return
	}
	t.Error("the link is not listed")
}

// TestWhatIsWrittenIsNotAmongTheArguments: a folder in one that is read would be read too.
func TestWhatIsWrittenIsNotAmongTheArguments(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := os.MkdirAll(in("photos/rose"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("photos/1.png"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		refused    bool
	}{
		{"photos", "photos/why", true}, {"photos", "photos", true}, {"photos/*", "photos/rose/why", true},
		{"photos", "why", false}, {"photos/1.png", "photos/why", false}, {"photos", "photos/.why", false},
		{"gone", "gone/why", false},
	} {
		err := Arguments{Names: []string{Stdin, in(c.name)}}.Holds(in(c.path))
		if (err != nil) != c.refused {
			t.Errorf("%s with %s: %v", c.path, c.name, err)
		}
	}
	if err := (Arguments{Names: []string{"."}}).Holds(""); err != nil {
		t.Errorf("nothing is written: %v", err)
	}
}
