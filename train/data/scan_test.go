package data

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/links"
)

// pngOf is a small picture; the same v gives the same bytes.
func pngOf(t testing.TB, v int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 5, 4))
	for i := range 20 {
		m.Set(i%5, i/5, color.RGBA{uint8(v), uint8(v >> 8), uint8(i * 9), 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder writes files into a new folder. "#12" is the picture 12, a name
// that ends in / for a folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		data := []byte(content)
		if strings.HasPrefix(content, "#") {
			v := 0
			for _, c := range content[1:] {
				v = 10*v + int(c-'0')
			}
			data = pngOf(t, v)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func paths(s *Set) []string {
	var out []string
	for _, it := range s.Items {
		out = append(out, s.Labels[it.Class]+":"+it.Path+":"+string(it.Part))
	}
	return out
}

func problems(s *Set) []string {
	var out []string
	for _, p := range s.Problems {
		out = append(out, string(p.Kind)+":"+p.Path)
	}
	slices.Sort(out)
	return out
}

func wantEqual(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func TestScanClassFolders(t *testing.T) {
	dir := folder(t, map[string]string{
		"rose/b.PNG": "#1", "rose/a.jpeg": "#2", "rose/no-ending": "#3", "rose/deeper/x.png": "#4",
		"Daisy/1.png": "#5", "empty/": "", "notes/read.me": "hello",
		"rose/.DS_Store": "x", "rose/Thumbs.db": "x", ".git/config": "x",
		"rose/text.txt": "hello", "rose/lies.jpg": "hello", "LICENSE": "free", "loose.png": "#6",
	})
	set, err := Scan(context.Background(), dir, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "labels", set.Labels, []string{"Daisy", "rose"})
	wantEqual(t, "items", paths(set), []string{"Daisy:Daisy/1.png:", "rose:rose/a.jpeg:",
		"rose:rose/b.PNG:", "rose:rose/deeper/x.png:", "rose:rose/no-ending:"})
	wantEqual(t, "problems", problems(set), []string{"empty:empty", "empty:notes", "hidden:.git",
		"hidden:rose/.DS_Store", "hidden:rose/Thumbs.db", "stray:LICENSE", "stray:loose.png",
		"stray:notes/read.me", "stray:rose/text.txt", "unreadable:rose/lies.jpg"})

	_, err = Scan(context.Background(), dir, ScanOptions{Strict: true})
	wantError(t, err, "rose/lies.jpg")
}

func TestScanPartFolders(t *testing.T) {
	dir := folder(t, map[string]string{
		"Train/a/1.png": "#1", "Train/b/2.png": "#2", "validation/a/3.png": "#3", "valid/b/4.png": "#4",
		"test/a/5.png": "#5", "README.txt": "x",
	})
	set, err := Scan(context.Background(), dir, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "items", paths(set), []string{"a:Train/a/1.png:train", "b:Train/b/2.png:train",
		"a:test/a/5.png:test", "b:valid/b/4.png:val", "a:validation/a/3.png:val"})

	// A class that happens to be called like a part is still a class.
	dir = folder(t, map[string]string{"train/1.png": "#1", "bus/2.png": "#2"})
	if set, err = Scan(context.Background(), dir, ScanOptions{}); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "labels", set.Labels, []string{"bus", "train"})
}

func TestScanFollowsLinksToClasses(t *testing.T) {
	real := folder(t, map[string]string{"a/1.png": "#1", "b/2.png": "#2"})
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		links.Make(t, filepath.Join(real, name), filepath.Join(dir, name))
	}
	if err := os.Symlink(dir, filepath.Join(real, "a", "circle")); err != nil {
		t.Fatal(err)
	}
	set, err := Scan(context.Background(), dir, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "items", paths(set), []string{"a:a/1.png:", "b:b/2.png:"})
	if len(set.Problems) != 1 || !strings.HasPrefix(set.Problems[0].String(),
		"a/circle: a link to a folder, not followed") {
		t.Errorf("problems %v, want one that names a/circle as a link", set.Problems)
	}
}

func TestScanRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"missing":   {filepath.Join(t.TempDir(), "gone"), "no such folder"},
		"file":      {file, "a file, want a folder"},
		"empty":     {t.TempDir(), "no images in class folders"},
		"flat":      {folder(t, map[string]string{"1.png": "#1", "2.png": "#2"}), "no images in class folders"},
		"one class": {folder(t, map[string]string{"a/1.png": "#1", "b/": ""}), `only one class, "a"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Scan(context.Background(), tt.dir, ScanOptions{})
			wantError(t, err, tt.want)
			wantError(t, err, tt.dir)
		})
	}
}

func TestScanStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Scan(ctx, folder(t, map[string]string{"a/1.png": "#1", "b/2.png": "#2"}), ScanOptions{})
	wantError(t, err, context.Canceled.Error())
}

// wantError wants an error of one line that says what.
func wantError(t *testing.T, err error, what string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", what)
	}
	if !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got error %q, want one line that says %q", err, what)
	}
}

// TestPicturesThatAreNotReadAreNamed: of each kind the first says what converts it.
func TestPicturesThatAreNotReadAreNamed(t *testing.T) {
	heic := "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
	s := scan(t, folder(t, map[string]string{"rose/1.png": "#1", "rose/a.heic": heic,
		"rose/b.HEIC": heic, "tulip/2.png": "#2", "tulip/c.svg": "<svg/>"}))
	if len(s.Problems) != 3 {
		t.Fatalf("got %v", s.Problems)
	}
	first, second, third := s.Problems[0], s.Problems[1], s.Problems[2]
	if first.Kind != Unreadable || !strings.HasPrefix(first.Reason,
		"unsupported image (image/heic); convert it: heif-convert IN.heic OUT.jpg") {
		t.Errorf("got %v", first)
	}
	if second.Kind != Unreadable || second.Reason != "unsupported image (image/heic)" {
		t.Errorf("got %v", second)
	}
	if third.Kind != Stray || third.Reason != "not an image, left out" {
		t.Errorf("got %v", third)
	}
}
