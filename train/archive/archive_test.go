package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tarOf is an archive of headers, each with as many bytes as it says unless it is a link.
func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		h.Mode = 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte(h.Name[:1]), int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: []uint16{zip.Store, zip.Deflate}[i%2]})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(strings.Repeat(name, 40))); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// listed lists an archive, and reads each file again by Open, which must give the same.
func listed(t testing.TB, name string, b []byte) (files, left []string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	err = List(path, Visitor{
		File: func(m Member, r io.Reader) error {
			want, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			again, err := m.Open()
			if err != nil {
				return err
			}
			defer again.Close()
			got, err := io.ReadAll(again)
			if err != nil || !bytes.Equal(got, want) || again.(interface{ Size() int64 }).Size() != m.Size {
				t.Errorf("%s: %d bytes and %v, want %d", m.Name, len(got), err, len(want))
			}
			files = append(files, fmt.Sprintf("%s:%d", m.Name, len(got)))
			return nil
		},
		LeftOut: func(name, reason string) { left = append(left, name+": "+reason) },
	})
	return files, left, err
}

func TestFilesAreReadWhereTheyLie(t *testing.T) {
	files, left, err := listed(t, "a.TAR", tarOf(t, tar.Header{Name: "d/", Typeflag: tar.TypeDir},
		tar.Header{Name: "d/a.jpg", Size: 700}, tar.Header{Name: "./b.jpg", Size: 0},
		tar.Header{Name: strings.Repeat("long/", 60) + "c.jpg", Size: 3}))
	if got := fmt.Sprint(files); err != nil || len(left) > 0 ||
		got != "[d/a.jpg:700 b.jpg:0 "+strings.Repeat("long/", 60)+"c.jpg:3]" {
		t.Errorf("tar: %v, %v, %v", got, left, err)
	}
	files, left, err = listed(t, "a.zip", zipOf(t, "a.jpg", "d/b.jpg", "c.jpg"))
	if got := fmt.Sprint(files); err != nil || len(left) > 0 || got != "[a.jpg:200 d/b.jpg:280 c.jpg:200]" {
		t.Errorf("zip: %v, %v, %v", got, left, err)
	}
}

// TestZipsOfWindowsAreRead: .NET before 4.6.1 separates names by backslashes.
func TestZipsOfWindowsAreRead(t *testing.T) {
	files, left, err := listed(t, "a.zip", zipOf(t, `d\`, `d\a.jpg`, `d\e\b.jpg`))
	if got := fmt.Sprint(files); err != nil || len(left) > 0 || !strings.HasPrefix(got, "[d/a.jpg:") ||
		!strings.Contains(got, " d/e/b.jpg:") || len(files) != 2 {
		t.Errorf("%v, %v, %v", got, left, err)
	}
}

func TestHostileEntriesAreLeftOut(t *testing.T) {
	_, left, err := listed(t, "a.tar", tarOf(t, tar.Header{Name: "../a.jpg", Size: 1},
		tar.Header{Name: "/etc/b.jpg", Size: 1}, tar.Header{Name: `c\..\d.jpg`, Size: 1},
		tar.Header{Name: "link.jpg", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		tar.Header{Name: "hard.jpg", Typeflag: tar.TypeLink, Linkname: "x"},
		tar.Header{Name: "pipe.jpg", Typeflag: tar.TypeFifo}))
	want := []string{"../a.jpg: a name that leaves the archive, left out",
		"/etc/b.jpg: a name that leaves the archive, left out",
		`c\..\d.jpg: a name that leaves the archive, left out`, "link.jpg: a link, left out",
		"hard.jpg: a link, left out", "pipe.jpg: neither a file nor a folder, left out"}
	if err != nil || strings.Join(left, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v\n%s", err, strings.Join(left, "\n"))
	}
	_, left, err = listed(t, "a.zip", zipOf(t, "../a.jpg", `b\..\..\c.jpg`, `\d.jpg`))
	if err != nil || len(left) != 3 {
		t.Errorf("zip: %v, %v", left, err)
	}
}

// What is not in the archive as its bytes are left out too.
func TestEntriesThatAreNoPlainBytesAreLeftOut(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, h := range []*zip.FileHeader{{Name: "a.jpg", Flags: 1}, {Name: "b.jpg", Method: 99}} {
		if _, err := w.CreateRaw(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, left, err := listed(t, "a.zip", b.Bytes())
	want := "[a.jpg: encrypted, left out b.jpg: compressed by method 99, which is not read, left out]"
	if fmt.Sprint(left) != want || err != nil {
		t.Errorf("zip: %v, %v", left, err)
	}
	if !sparse(&tar.Header{PAXRecords: map[string]string{"GNU.sparse.major": "1"}}) ||
		sparse(&tar.Header{PAXRecords: map[string]string{"path": "a"}}) {
		t.Error("a sparse file counts as a plain one, or a plain one as sparse")
	}
}

// A file has no more bytes than its archive says, whatever its deflated bytes would give.
func TestFilesGiveNoMoreThanTheySay(t *testing.T) {
	var packed bytes.Buffer
	f, err := flate.NewWriter(&packed, 9)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(make([]byte, 1<<20))
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	raw, err := w.CreateRaw(&zip.FileHeader{Name: "a.jpg", Method: zip.Deflate, UncompressedSize64: 7,
		CompressedSize64: uint64(packed.Len())})
	if err == nil {
		_, err = raw.Write(packed.Bytes())
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if files, _, err := listed(t, "a.zip", b.Bytes()); err != nil || fmt.Sprint(files) != "[a.jpg:7]" {
		t.Errorf("got %v, %v", files, err)
	}
}

// TestArchivesThatEndEarly: what is before the end was visited.
func TestArchivesThatEndEarly(t *testing.T) {
	whole := tarOf(t, tar.Header{Name: "a.jpg", Size: 600}, tar.Header{Name: "b.jpg", Size: 600})
	huge := bytes.Clone(whole)
	copy(huge[1536+124:], "77777777777\x00") // the size of b.jpg, 8 GiB, and its checksum
	sum := 0
	copy(huge[1536+148:], "        ")
	for _, v := range huge[1536 : 1536+512] {
		sum += int(v)
	}
	copy(huge[1536+148:], fmt.Sprintf("%06o\x00 ", sum))
	for name, c := range map[string]struct {
		b     []byte
		files int
		err   string
	}{
		"in a file":    {whole[:1536+512+100], 1, "cut short after 1 entry: copy or download it again"},
		"in a header":  {whole[:1536+100], 1, "cut short after 1 entry: copy or download it again"},
		"a huge size":  {huge, 1, "cut short after 1 entry: copy or download it again"},
		"a short text": {[]byte("no tar"), 0, "not a tar archive, or cut short in its first entry"},
		"rubbish":      {[]byte(strings.Repeat("no tar", 200)), 0, "not a tar archive"},
		"empty":        {nil, 0, ""},
		"no end":       {whole[:1536+512+1024], 2, ""},
	} {
		files, _, err := listed(t, "a.tar", c.b)
		if len(files) != c.files || (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("%s: %v, %v, want %d files and %q", name, files, err, c.files, c.err)
		}
	}
	z := zipOf(t, "a.jpg", "b.jpg")
	if _, _, err := listed(t, "a.zip", z[:len(z)-10]); err == nil || !strings.Contains(err.Error(), "not a zip archive") {
		t.Errorf("zip: %v", err)
	}
	if _, _, err := listed(t, "a.tar.gz", whole); err != ErrCompressed {
		t.Errorf("compressed: %v", err)
	}
}

func FuzzList(f *testing.F) {
	f.Add(true, tarOf(f, tar.Header{Name: "a.jpg", Size: 600}, tar.Header{Name: "b.cls", Size: 2}))
	f.Add(false, zipOf(f, "a.jpg", "b.cls"))
	f.Fuzz(func(t *testing.T, isTar bool, b []byte) {
		path := filepath.Join(t.TempDir(), map[bool]string{true: "a.tar", false: "a.zip"}[isTar])
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		List(path, Visitor{File: func(m Member, r io.Reader) error {
			if strings.Contains("/"+m.Name+"/", "/../") || strings.HasPrefix(m.Name, "/") {
				t.Errorf("name %q", m.Name)
			}
			io.Copy(io.Discard, io.LimitReader(r, 1<<20))
			return nil
		}})
	})
}
