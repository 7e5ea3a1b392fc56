package objects_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/bucket"
	"github.com/flowerctl/flowerctl/infer/objects"
)

func TestNamesAreTakenApart(t *testing.T) {
	for name, want := range map[string]objects.Name{
		"s3://b":                        {Scheme: "s3", Bucket: "b"},
		"s3://b/x/y 1%20#?.jpg":         {Scheme: "s3", Bucket: "b", Key: "x/y 1%20#?.jpg"},
		"gs://b/x?region=eu&a_b=c?d":    {Scheme: "gs", Bucket: "b", Key: "x?region=eu&a_b=c?d"},
		"s3://b/x?endpoint=http://h:1/": {Scheme: "s3", Bucket: "b", Key: "x", Parameters: "endpoint=http://h:1/"},
		"azblob://b?protocol=http":      {Scheme: "azblob", Bucket: "b", Parameters: "protocol=http"},
		"s3://b/x?a=b?":                 {Scheme: "s3", Bucket: "b", Key: "x?a=b"},
		"s3://b//x":                     {Scheme: "s3", Bucket: "b", Key: "/x"},
	} {
		got, err := objects.Parse(name)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if again, err := objects.Parse(got.String()); err != nil || again != got {
			t.Errorf("%s: as %s got %+v, %v", name, got, again, err)
		}
	}
	for _, name := range []string{"s3://", "s3:///x", "gs://?a=b", "s3://a b/x", "photos/x", "s3:/b/x",
		"s3://b/x?a=%zz"} {
		if got, err := objects.Parse(name); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if objects.Is("s3/b") || objects.Is("http://b/x") || objects.Key("photos/x.jpg?a=b") != "photos/x.jpg?a=b" {
		t.Error("files are objects")
	}
}

// FuzzParse: what is read is written so that it is read the same.
func FuzzParse(f *testing.F) {
	f.Add("s3://b/x?a=b")
	f.Add("gs://b/x??")
	f.Fuzz(func(t *testing.T, name string) {
		n, err := objects.Parse(name)
		if err != nil {
			return
		}
		if again, err := objects.Parse(n.String()); err != nil || again != n {
			t.Fatalf("%q: got %+v, then %+v, %v", name, n, again, err)
		}
	})
}

func TestWithoutStoresNamesAreAnError(t *testing.T) {
	s := objects.New(t.Context(), nil)
	_, err := s.Stat("s3://b/x")
	var absent *objects.AbsentError
	if !errors.As(err, &absent) || s.Close() != nil {
		t.Errorf("got %v", err)
	}
	for _, err := range s.List("s3://b/x") {
		if !errors.As(err, &absent) {
			t.Errorf("got %v", err)
		}
	}
}

func read(o *objects.Object) (string, error) {
	r, err := o.Open()
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), errors.Join(err, r.Close())
}

func stated(t *testing.T, s *objects.Stores, name string) *objects.Object {
	t.Helper()
	o, err := s.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestCutReadsGoOn(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": strings.Repeat("0123456789", 50), "": "", "e": ""}}
	for cuts, want := range map[int]error{0: nil, 4: nil, 5: io.EOF} {
		b := &bucket.Bucket{Objects: b.Objects, Cut: 30, Cuts: cuts}
		data, err := read(stated(t, b.Stores(t.Context()), "s3://b/x"))
		if want == nil && (err != nil || data != b.Objects["x"] || b.Reads() != cuts+1) {
			t.Errorf("%d cuts: got %d bytes, %v, %d requests", cuts, len(data), err, b.Reads())
		}
		if want != nil && (err == nil || err.Error() != "cut after 150 bytes, 5 times: connection reset") {
			t.Errorf("%d cuts: got %v", cuts, err)
		}
	}
	if data, err := read(stated(t, b.Stores(t.Context()), "s3://b/e")); data != "" || err != nil {
		t.Errorf("an empty object: got %q, %v", data, err)
	}
}

// TestLargeObjectsAreCutOften: what was read between two cuts counts.
func TestLargeObjectsAreCutOften(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": strings.Repeat("x", 28<<20)}, NoETags: true,
		Cut: 4 << 20, Cuts: 6}
	data, err := read(stated(t, b.Stores(t.Context()), "s3://b/x"))
	if err != nil || data != b.Objects["x"] || b.Reads() != 7 {
		t.Errorf("got %d bytes, %v, %d requests", len(data), err, b.Reads())
	}
	b = &bucket.Bucket{Objects: b.Objects, NoETags: true, Cut: 4<<20 - 1, Cuts: 6}
	if _, err := read(stated(t, b.Stores(t.Context()), "s3://b/x")); err == nil {
		t.Error("more cuts than are gone on from")
	}
	b = &bucket.Bucket{Objects: b.Objects, NoETags: true, Cut: 1, Cuts: 4}
	r, err := stated(t, b.Stores(t.Context()), "s3://b/x").Section(27<<20, -1)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(r); len(data) != 1<<20 || err != nil {
		t.Errorf("a part: got %d bytes, %v", len(data), err)
	}
}

// TestObjectsThatChangeAreNoticed by their ETag, and by their size where there is none.
func TestObjectsThatChangeAreNoticed(t *testing.T) {
	for _, none := range []bool{false, true} {
		b := &bucket.Bucket{Objects: map[string]string{"x": strings.Repeat("a", 90)}, NoETags: none, Cut: 30,
			Cuts: 1}
		o := stated(t, b.Stores(t.Context()), "s3://b/x")
		r, err := o.Open()
		if err != nil {
			t.Fatal(err)
		}
		b.Objects["x"] = strings.Repeat("b", 91)
		if data, err := io.ReadAll(r); !errors.Is(err, objects.ErrChanged) || strings.Contains(string(data), "b") {
			t.Errorf("got %s, %v", data, err)
		}
		if _, err := o.Open(); !errors.Is(err, objects.ErrChanged) {
			t.Errorf("got %v", err)
		}
	}
}

// TestStoresThatCompareNoETags: the answer's own counts.
func TestStoresThatCompareNoETags(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": "aaaa"}, Blind: true, Cut: 2, Cuts: 2}
	o := stated(t, b.Stores(t.Context()), "s3://b/x")
	r, err := o.Open()
	if err != nil {
		t.Fatal(err)
	}
	b.Objects["x"] = "bbbb"
	if data, err := io.ReadAll(r); !errors.Is(err, objects.ErrChanged) || string(data) != "aa" {
		t.Errorf("cut: got %s, %v", data, err)
	}
	if _, err := o.Open(); !errors.Is(err, objects.ErrChanged) {
		t.Errorf("got %v", err)
	}
}

// TestPartsThatAreNotThere: of an object whose size nobody asked for.
func TestPartsThatAreNotThere(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": "0123456789"}}
	o, err := b.Stores(t.Context()).Object("s3://b/x", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][2]int64{{5, 6}, {11, -1}, {11, 0}} {
		if _, err := o.Section(part[0], part[1]); !errors.Is(err, objects.ErrChanged) {
			t.Errorf("%v: got %v", part, err)
		}
	}
	if r, err := o.Section(5, 5); err != nil {
		t.Error(err)
	} else if data, err := io.ReadAll(r); err != nil || string(data) != "56789" {
		t.Errorf("got %s, %v", data, err)
	}
}

func TestSilenceEnds(t *testing.T) {
	b := &bucket.Bucket{Objects: map[string]string{"x": "x"}, Silent: true}
	s := b.Stores(t.Context())
	s.Stall = time.Millisecond
	if _, err := s.Stat("s3://b/x"); err == nil || !strings.Contains(err.Error(), "5 times no answer for 1ms") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Stores(ctx).Stat("s3://b/x"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	o, err := b.Stores(ctx).Object("s3://b/x", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Open(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

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
