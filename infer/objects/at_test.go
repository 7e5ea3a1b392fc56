package objects_test

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/bucket"
	"github.com/flowerctl/flowerctl/infer/objects"
)

func TestAnyPartIsRead(t *testing.T) {
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for _, name := range []string{"a", "b"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, strings.Repeat(name, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := &bucket.Bucket{Objects: map[string]string{"z": packed.String()}}
	o := stated(t, b.Stores(t.Context()), "s3://b/z")
	for _, windowed := range []bool{true, false} {
		z, err := zip.NewReader(&objects.At{Object: o, Windowed: windowed}, o.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := fs.WalkDir(z, ".", func(string, fs.DirEntry, error) error { return nil }); err != nil {
			t.Error(err)
		}
		if data, err := fs.ReadFile(z, "b"); err != nil || string(data) != strings.Repeat("b", 1<<20) {
			t.Errorf("got %d bytes, %v", len(data), err)
		}
	}
	at := &objects.At{Object: o, Windowed: true}
	if n, err := at.ReadAt(make([]byte, 9), o.Size-4); n != 4 || err != io.EOF {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := at.ReadAt(make([]byte, 9), -1); err == nil {
		t.Error("read before the beginning")
	}
}

// TestShortReadsShareARequest: those nearby, ahead and back.
func TestShortReadsShareARequest(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	b := &bucket.Bucket{Objects: map[string]string{"x": string(data)}}
	at := &objects.At{Object: stated(t, b.Stores(t.Context()), "s3://b/x"), Windowed: true}
	for _, read := range []struct{ off, requests int }{{1<<20 - 9, 1}, {800_000, 1}, {700_000, 2},
		{700_100, 2}, {699_999, 3}, {0, 4}, {5, 4}, {256 << 10, 5}} {
		got := make([]byte, 9)
		if _, err := at.ReadAt(got, int64(read.off)); err != nil || !bytes.Equal(got, data[read.off:read.off+9]) {
			t.Errorf("at %d: got %v, %v", read.off, got, err)
		}
		if b.Reads() != read.requests {
			t.Errorf("at %d: got %d requests, want %d", read.off, b.Reads(), read.requests)
		}
	}
}

func TestSeekerGoesAhead(t *testing.T) {
	data := strings.Repeat("0123456789", 500_000)
	b := &bucket.Bucket{Objects: map[string]string{"x": data}}
	s := stated(t, b.Stores(t.Context()), "s3://b/x").Sequential()
	buffer := make([]byte, 10)
	for _, to := range []int64{0, 100, 3_000_003, int64(len(data)) - 5} {
		if at, err := s.Seek(to, io.SeekStart); at != to || err != nil {
			t.Fatal(at, err)
		}
		n, err := io.ReadFull(s, buffer)
		if want := data[to:min(int(to)+10, len(data))]; string(buffer[:n]) != want {
			t.Errorf("%d: got %s, want %s, %v", to, buffer[:n], want, err)
		}
	}
	if _, err := s.Seek(-1, io.SeekCurrent); err == nil {
		t.Error("went back")
	}
	if n := b.Reads(); n != 3 { // two long jumps
		t.Errorf("got %d requests", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
